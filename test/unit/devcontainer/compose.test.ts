import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filled, readCompose } from '../../../src/main/devcontainer/compose.ts'
import { devContainers } from '../../../src/main/devcontainer/dev-containers.ts'
import { temporaryFolder } from '../../helpers/recording.ts'

const CONFIG = '.devcontainer/devcontainer.json'

async function write(root: string, files: Record<string, string | object>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(
      join(root, path),
      typeof content === 'string' ? content : JSON.stringify(content),
    )
  }
}

/** Read as one file that is called so. */
const read = (text: string, service: string | undefined) =>
  readCompose([{ path: 'compose.yml', text }], service)
const used = (text: string) => {
  const found = read(text, 'app')
  if (!found.ok) throw new Error(found.error)
  return found.value
}

describe('a dev container with Compose', () => {
  test('is the image of its service with its variables; the other services are named', async () => {
    await using folder = await temporaryFolder()
    await write(folder.path, {
      [CONFIG]: {
        ...{ dockerComposeFile: ['compose.yml', '../over.yml'], service: 'app' },
        ...{ runServices: ['db'], overrideCommand: true, containerEnv: { MODE: 'own' } },
        privileged: true,
      },
      '.devcontainer/compose.yml': `
x-common: &common
  environment: { MODE: dev, LEVEL: 3, DB: "postgres://\${DB_USER:-me}@db" }
services:
  app:
    <<: *common
    image: debian:12
    command: sleep infinity
    volumes: ['..:/workspace:cached', cache:/cache, '/var/run/docker.sock:/var/run/docker.sock']
    cap_add: [SYS_PTRACE]
    depends_on: [db]
  db:
    image: postgres:17
  mail:
    build: ./mail
volumes: { cache: {} }
`,
      'over.yml':
        'services: { app: { image: "debian:13", environment: ["TOKEN", "LEVEL=4"], cap_add: [NET_ADMIN] } }',
    })
    const [found] = await devContainers.find(folder.path)
    expect(found).toMatchObject({
      ...{ problem: null, image: 'debian:13', made: 'pulled', wants: ['DB_USER', 'TOKEN'] },
      sets: ['MODE', 'LEVEL', 'DB', 'TOKEN'],
      notStarted: [
        { name: 'db', from: 'postgres:17' },
        { name: 'mail', from: 'a build of its own' },
      ],
    })
    expect(found!.risks.map(({ asks }) => asks)).toEqual([
      'privileged: everything of this machine',
      ...['Compose, cap_add: SYS_PTRACE', 'Compose, cap_add: NET_ADMIN'],
      'Compose, volumes: ..:/workspace:cached',
      'Compose, volumes: a volume (cache:/cache)',
      'Compose, volumes: the engine’s socket, which is as much as being root (/var/run/docker.sock:/var/run/docker.sock)',
    ])
    expect(found!.ignored).toEqual([
      'Of the service app have no effect: command, depends_on.',
      'Of .devcontainer/compose.yml have no effect: volumes.',
      'overrideCommand: the agent is what is run.',
    ])
    const prelude = await devContainers.use(folder.path, found!)
    if (!prelude.ok) throw new Error(prelude.error)
    expect(prelude.value.prelude.split('\n').slice(0, 4)).toEqual([
      ...["export MODE='own'", "export LEVEL='4'"],
      `export DB='postgres://'"\${DB_USER:-me}"'@db'`,
      'export TOKEN="${TOKEN}"',
    ])
  })

  test('is its build, from its own context; another text of it is another hash', async () => {
    await using folder = await temporaryFolder()
    const root = await realpath(folder.path)
    const compose = (more = '') =>
      `services: { app: { build: { context: ., dockerfile: docker/Dev, args: { A: "\${A:-1}" }, cache_from: [x] } } }${more}`
    await write(root, {
      [CONFIG]: { dockerComposeFile: '../compose.yml', service: 'app' },
      'compose.yml': compose(),
      'docker/Dev': 'FROM debian:12\n',
    })
    const [found] = await devContainers.find(root)
    const first = await devContainers.use(root, found!)
    if (!first.ok) throw new Error(first.error)
    expect(first.value.source).toEqual({
      ...{ kind: 'build', context: root, dockerfile: 'docker/Dev', target: null },
      args: { A: '1' },
    })
    expect(found!.ignored).toEqual(['Of the service app have no effect: build.cache_from.'])
    await write(root, { 'compose.yml': compose('\n') })
    expect(await devContainers.use(root, found!)).toMatchObject({ ok: false })
  })

  test('does not lead out of the folder', async () => {
    await using outside = await temporaryFolder()
    await using folder = await temporaryFolder()
    await write(outside.path, { 'compose.yml': 'services: { app: { image: debian } }' })
    await write(folder.path, {
      [CONFIG]: { dockerComposeFile: join(outside.path, 'compose.yml'), service: 'app' },
      '.devcontainer/link/devcontainer.json': { dockerComposeFile: 'compose.yml', service: 'app' },
      '.devcontainer/wide/devcontainer.json': { dockerComposeFile: 'compose.yml', service: 'app' },
      '.devcontainer/wide/compose.yml': 'services: { app: { build: ../../.. } }',
    })
    await symlink(
      join(outside.path, 'compose.yml'),
      join(folder.path, '.devcontainer/link/compose.yml'),
    )
    for (const { problem } of await devContainers.find(folder.path))
      expect(problem).toMatch(/leads out of the folder/)
  })

  test.each([
    ['services: { app: { image: a }', 'app', /^compose\.yml: Line 1, column \d+: /],
    ['services: { app: { image: 7 } }', 'app', /^compose\.yml: services\.app\.image: /],
    ['services: { db: { image: a } }', 'app', /no service app/],
    ['services: { app: { image: a } }', undefined, /names no service/],
    ['services: { app: { extends: db } }', 'app', /neither an image nor a build: it has them of/],
    [
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${Array(9).fill('*a').join()}]\nc: &c [${Array(9).fill('*b').join()}]\nd: [${Array(9).fill('*c').join()}]`,
      'app',
      /alias/i,
    ],
  ])('that is wrong says where and why: %s', (text, service, problem) => {
    const found = read(text, service)
    expect(found.ok ? null : found.error).toMatch(problem)
  })

  test('drops nothing in silence', () => {
    const { ignored, risks } = used(
      'include: [other.yml]\nservices: { app: { image: a, privileged: false, network_mode: host, env_file: .env, ports: ["80:80"], healthcheck: { test: x } } }',
    )
    expect(ignored).toEqual([
      'Of the service app have no effect: ports, healthcheck.',
      'Of compose.yml have no effect: include.',
    ])
    expect(risks.map(({ asks }) => asks)).toEqual([
      ...['Compose, network_mode: host', 'Compose, env_file: .env'],
    ])
  })
})

test.each([
  ['plain $$HOME', 'plain $HOME'],
  ['$A ${B}', '${localEnv:A} ${localEnv:B}'],
  ['${A:-b c}/${D-}', '${localEnv:A:b c}/${localEnv:D:}'],
  ['${A:?must be there}', '${localEnv:A}'],
])(
  'a variable of Compose is one of this machine’s, which has to be let in: %s',
  (text, expected) => {
    expect(filled(text)).toBe(expected)
  },
)
