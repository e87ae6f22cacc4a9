import { execFileSync, spawnSync } from 'node:child_process'
import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { devContainers } from '../../../src/main/devcontainer/dev-containers.ts'
import {
  type Configuration,
  parseConfiguration,
} from '../../../src/main/devcontainer/configuration.ts'
import { preludeOf, setUpOf } from '../../../src/main/devcontainer/prelude.ts'
import { fillIn, forShell, shellWord, wantedIn } from '../../../src/main/devcontainer/variables.ts'
import type { DevContainer } from '../../../src/shared/domain/dev-container.ts'
import { temporaryFolder } from '../../helpers/recording.ts'

const MAIN = '.devcontainer/devcontainer.json'
const places = { workspace: '/home/ada/my project', id: 'abc123' }

async function write(root: string, path: string, content: string | object): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  await writeFile(join(root, path), text)
}

async function readOnly(config: string | object, more: Record<string, string> = {}) {
  await using folder = await temporaryFolder()
  await write(folder.path, MAIN, config)
  for (const [path, text] of Object.entries(more)) await write(folder.path, path, text)
  const [found] = await devContainers.find(folder.path)
  return found!
}

describe('a configuration', () => {
  test('is found where the standard says, and nowhere else', async () => {
    await using folder = await temporaryFolder()
    const config = { image: 'debian:12' }
    for (const path of [
      ...[MAIN, '.devcontainer.json', '.devcontainer/python/devcontainer.json'],
      ...['.devcontainer/a/b/devcontainer.json', 'sub/.devcontainer.json'],
    ])
      await write(folder.path, path, config)
    expect((await devContainers.find(folder.path)).map(({ path, name }) => [path, name])).toEqual([
      [MAIN, '.devcontainer'],
      ['.devcontainer.json', 'Dev container'],
      ['.devcontainer/python/devcontainer.json', 'python'],
    ])
    expect(await devContainers.find(join(folder.path, 'nowhere'))).toEqual([])
  })

  test('may have comments and trailing commas, as editors write it', async () => {
    const found = await readOnly(
      '{\n // the base\n "name": "Sea", /* of it */ "image": "debian:12",\n}',
    )
    expect(found).toMatchObject({ name: 'Sea', image: 'debian:12', made: 'pulled', problem: null })
  })

  test.each([
    ['{\n  "image": debian\n}', 'Line 2, column 12: invalid symbol.'],
    ['{"image": 7}', 'image: Invalid input: expected string, received number.'],
    ['{"name": "x"}', 'It names neither an image nor a Dockerfile.'],
    ['{"image": "--privileged"}', '“--privileged” is no name of an image.'],
    [
      '{"dockerComposeFile": "compose.yml", "service": "app"}',
      'There is no compose.yml beside it, or it leads out of the folder.',
    ],
    [
      '{"build": {"dockerfile": "Dockerfile"}}',
      'There is no Dockerfile beside it, or it leads out of the folder.',
    ],
  ])('that is wrong says where and why: %s', async (text, problem) => {
    expect((await readOnly(text)).problem).toBe(problem)
  })

  test('names everything that would open the wall, and that it is not given', async () => {
    const { risks, problem } = await readOnly({
      image: 'debian:12',
      privileged: true,
      capAdd: ['SYS_PTRACE'],
      securityOpt: ['seccomp=unconfined'],
      runArgs: ['--network=host', '--pid', 'host', '-v', '/:/machine', '--init'],
      mounts: [
        'source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind',
        { type: 'bind', source: '${localEnv:HOME}/.ssh', target: '/home/dev/.ssh' },
        'source=cache,target=/cache,type=volume',
      ],
    })
    expect(problem).toBeNull()
    expect(risks.map(({ asks }) => asks)).toEqual([
      'privileged: everything of this machine',
      'capAdd: the kernel capability SYS_PTRACE',
      'securityOpt: seccomp=unconfined',
      'runArgs: --network=host',
      'runArgs: --pid host',
      'runArgs: -v /:/machine',
      'runArgs: --init',
      'mounts: the engine’s socket, which is as much as being root (source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind)',
      'mounts: type=bind,source=${localEnv:HOME}/.ssh,target=/home/dev/.ssh',
      'mounts: a volume (source=cache,target=/cache,type=volume)',
    ])
    expect(risks.every(({ answer }) => /^Not (granted|mounted)/.test(answer))).toBe(true)
  })

  test('shows what would run, what it sets and what it wants', async () => {
    const found: DevContainer = await readOnly({
      image: 'debian:12',
      initializeCommand: ['cp', 'a', 'b'],
      postCreateCommand: { one: 'npm ci', two: ['make', 'all'] },
      onCreateCommand: 'echo ${localEnv:TOKEN}',
      containerEnv: { MODE: 'test' },
      remoteEnv: { KEY: '${localEnv:API_KEY:none}', OLD: null },
      forwardPorts: [3000, 'db:5432'],
      remoteUser: 'vscode',
      customizations: { vscode: {} },
      waitFor: 'postCreateCommand',
      userEnvProbe: 'loginShell',
    })
    expect(found).toMatchObject({
      initialize: 'cp a b',
      commands: [
        { name: 'onCreateCommand', text: 'echo ${localEnv:TOKEN}' },
        { name: 'postCreateCommand', text: 'one: npm ci\ntwo: make all' },
      ],
      sets: ['MODE', 'KEY', 'OLD'],
      wants: ['API_KEY', 'TOKEN'],
      ports: [3000],
    })
    expect(found.ignored).toHaveLength(4)
    expect(found.setUpImage).toMatch(/^cloche-dev-[0-9a-f]{12}:[0-9a-f]{12}-set-up$/)
    const plain = await readOnly({ image: 'debian:12', postStartCommand: 'true' })
    expect(plain.setUpImage).toBeNull()
  })
})

describe('what is used', () => {
  const config = {
    build: { dockerfile: 'Dockerfile', context: '..', args: { V: '${localEnv:V:9}' } },
  }

  test('is what was seen: another text, another Dockerfile or none is refused', async () => {
    await using folder = await temporaryFolder()
    const root = await realpath(folder.path)
    await write(root, MAIN, config)
    await write(root, '.devcontainer/Dockerfile', 'FROM debian:12\n')
    const [seen] = await devContainers.find(root)
    const { path, hash } = seen!
    const used = await devContainers.use(root, { path, hash })
    if (!used.ok) throw new Error(used.error)
    expect(used.value.source).toEqual({
      ...{ kind: 'build', context: root, dockerfile: '.devcontainer/Dockerfile', target: null },
      // Of this machine nothing is filled in, only what stands there instead.
      args: { V: '9' },
    })
    expect(used.value.image).toMatch(/^cloche-dev-[0-9a-f]{12}:[0-9a-f]{12}$/)
    await write(root, '.devcontainer/Dockerfile', 'FROM debian:12\nRUN evil\n')
    expect(await devContainers.use(root, { path, hash })).toEqual({
      ok: false,
      error: `${MAIN} is not what you saw: it was changed. Look at it again.`,
    })
    expect(await devContainers.use(root, { path: '.devcontainer.json', hash })).toEqual({
      ok: false,
      error: 'There is no .devcontainer.json in this folder any more.',
    })
  })

  test('does not lead out of the folder, by name or by link', async () => {
    await using outside = await temporaryFolder()
    await write(outside.path, 'Dockerfile', 'FROM debian:12\n')
    await write(outside.path, 'devcontainer.json', { image: 'debian:12' })
    await using folder = await temporaryFolder()
    await symlink(join(outside.path, 'Dockerfile'), join(folder.path, 'Dockerfile'))
    await write(folder.path, '.devcontainer.json', { build: { dockerfile: 'Dockerfile' } })
    const [linked] = await devContainers.find(folder.path)
    expect(linked?.problem).toMatch(/leads out of the folder/)
    await using other = await temporaryFolder()
    await symlink(outside.path, join(other.path, '.devcontainer'))
    expect(await devContainers.find(other.path)).toEqual([])
    await using third = await temporaryFolder()
    await symlink(join(outside.path, 'devcontainer.json'), join(third.path, '.devcontainer.json'))
    expect(await devContainers.find(third.path)).toEqual([])
    await using fourth = await temporaryFolder()
    await write(fourth.path, '.devcontainer.json', {
      build: { dockerfile: 'Dockerfile', context: '/' },
    })
    await write(fourth.path, 'Dockerfile', 'FROM debian:12\n')
    const [wide] = await devContainers.find(fourth.path)
    expect(wide?.problem).toMatch(/context \/ does not hold Dockerfile|leads out/)
  })
})

describe('variables', () => {
  test('stand for places and, outside, never for a value of this machine', () => {
    expect(fillIn('${localWorkspaceFolder}/a ${containerWorkspaceFolderBasename}', places)).toBe(
      '/home/ada/my project/a my project',
    )
    expect(fillIn('[${localEnv:HOME}][${env:X:y}][${devcontainerId}][${what}]', places)).toBe(
      '[][y][abc123][${what}]',
    )
    expect(wantedIn('${localEnv:A} ${containerEnv:B} ${env:C:d}')).toEqual(['A', 'C'])
    expect(forShell('echo ${localEnv:A:b} $HOME ${containerEnv:C}', places)).toBe(
      'echo ${A:-b} $HOME ${C}',
    )
  })

  const said = (script: string, env: Record<string, string> = {}) =>
    execFileSync('/bin/sh', ['-c', script], { env: { PATH: '/usr/bin:/bin', ...env } }).toString()

  test.each([
    ['plain', 'plain'],
    ["it's $HOME `id` $(id)", "it's $HOME `id` $(id)"],
    ['${localEnv:GIVEN}/x', 'of the person/x'],
    ['${localEnv:ABSENT:a "b" $c}', 'a "b" $c'],
    ['${containerEnv:GIVEN:no}${localWorkspaceFolder}', 'of the person/home/ada/my project'],
    ['', ''],
  ])('are one word of a shell, and nothing else of it is: %s', (text, expected) => {
    const script = `printf %s ${shellWord(text, places)}`
    expect(said(script, { GIVEN: 'of the person' })).toBe(expected)
  })
})

const sayOf = (script: string, env: Record<string, string> = {}): string => {
  const agent = ['/bin/sh', '-c', 'echo "agent $MODE $0 $1"', 'zero', 'one two']
  const said = spawnSync('/bin/sh', ['-c', script, 'name', ...agent], {
    ...{ env: { PATH: '/usr/bin:/bin', ...env }, encoding: 'utf8' },
  })
  return `${said.stdout.replaceAll(/\x1b\[[0-9;]*m/g, '')}${said.status}`
}
const configured = (config: object): Configuration => {
  const parsed = parseConfiguration(JSON.stringify({ image: 'x', ...config }))
  if (!parsed.ok) throw new Error(parsed.error)
  return parsed.value
}

describe('the commands of each start', () => {
  const run = (config: object): string => sayOf(preludeOf(configured(config), places))

  test('run in their order with the variables it sets, and the agent after them', () => {
    expect(
      run({
        postAttachCommand: ['printf', '%s\n', 'second $MODE'],
        postStartCommand: 'echo "first $MODE"',
        postCreateCommand: 'echo it is there',
        containerEnv: { MODE: 'dev' },
        remoteEnv: { MODE: '${containerEnv:MODE}', 'not a name': 'x' },
      }).split('\n'),
    ).toEqual([
      ...['postStartCommand', 'first dev'],
      ...['postAttachCommand', 'second $MODE', 'agent dev zero one two', '0'],
    ])
  })

  test('end at the first that fails, and the agent starts all the same', () => {
    expect(
      run({ postStartCommand: 'exit 7', postAttachCommand: 'echo never' }).split('\n'),
    ).toEqual([
      'postStartCommand',
      'postStartCommand ended with 7; those after it do not run',
      ...['agent  zero one two', '0'],
    ])
  })
})

describe('the commands that set it up', () => {
  const run = (config: object): string => sayOf(setUpOf(configured(config), places))

  test('run in their order, and then what keeps the home', () => {
    expect(
      run({
        postStartCommand: 'echo not yet',
        postCreateCommand: 'echo "third $MODE"',
        updateContentCommand: ['echo', 'second'],
        onCreateCommand: 'echo first',
        containerEnv: { MODE: 'dev' },
      }).split('\n'),
    ).toEqual([
      ...['onCreateCommand', 'first', 'updateContentCommand', 'second'],
      ...['postCreateCommand', 'third dev', 'agent dev zero one two', '0'],
    ])
  })

  test('end it at the first that fails, so that nothing is kept', () => {
    const lines = run({ onCreateCommand: 'exit 7', postCreateCommand: 'echo never' }).split('\n')
    expect(lines[1]).toMatch(/^onCreateCommand ended with 7\. Nothing of this set-up is kept/)
    expect(lines.slice(2)).toEqual(['7'])
  })

  test('of one name run side by side, and fail when one does', () => {
    const lines = run({
      onCreateCommand: {
        slow: 'sleep 0.3; echo slow',
        fast: 'echo fast',
        bad: 'sleep 0.1; exit 3',
      },
      postCreateCommand: 'echo never',
    }).split('\n')
    expect(lines.slice(0, 3)).toEqual(['onCreateCommand', 'fast', 'slow'])
    expect(lines[3]).toMatch(/^onCreateCommand ended with 3\./)
    expect(lines.slice(4)).toEqual(['3'])
  })
})
