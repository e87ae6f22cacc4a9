import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listAgents } from '../../../src/main/agents/list.ts'
import { createPlanner } from '../../../src/main/agents/planner.ts'
import { acknowledge, type Plan } from '../../../src/main/core/isolation/plan.ts'
import { devContainers } from '../../../src/main/devcontainer/dev-containers.ts'
import type { Planner } from '../../../src/main/core/session-preparation.ts'
import type { DevContainer } from '../../../src/shared/domain/dev-container.ts'
import { ok } from '../../../src/shared/result.ts'
import { BASIC_SPEC, type SessionSpec } from '../../../src/shared/domain/session.ts'

let root: string
let home: string
let workspace: string
let dataDir: string
let env: Record<string, string>
let planner: Planner

const spec = (changes: Partial<SessionSpec> = {}): SessionSpec => ({
  agent: 'shell',
  command: null,
  workspace,
  level: 'os',
  title: null,
  network: 'ask',
  grants: [],
  useSignIn: false,
  ...BASIC_SPEC,
  acknowledgement: null,
  ...changes,
})

async function script(path: string, firstLine = '#!/bin/sh', mode = 0o755): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, `${firstLine}\n`)
  await chmod(path, mode)
  return path
}

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cloche-planner-')))
  home = join(root, 'home', 'dev')
  workspace = join(home, 'project')
  dataDir = join(home, '.local', 'share', 'cloche')
  await mkdir(workspace, { recursive: true })
  await mkdir(dataDir, { recursive: true })
  env = { PATH: `${join(home, 'bin')}:/usr/bin:/bin`, SHELL: '/bin/sh' }
  planner = createPlanner({
    env,
    home,
    user: 'dev',
    dataDir,
    devContainers,
    variables: () => ok({ env: { TOKEN: 'sk-1' }, secrets: ['sk-1'], standIns: [] }),
    trust: () => Promise.resolve({ certificates: 'MACHINE', bundle: '/etc/ssl/certs/all.crt' }),
  })
})
afterEach(() => rm(root, { recursive: true }))

async function failure(changes: Partial<SessionSpec>): Promise<unknown> {
  const result = await planner.plan(spec(changes), {
    resume: false,
    acknowledgement: null,
    certificate: null,
  })
  return result.ok ? 'planned' : result.error
}

async function planned(changes: Partial<SessionSpec>, resume = false): Promise<Plan> {
  const result = await planner.plan(spec(changes), {
    resume,
    acknowledgement: acknowledge(changes.acknowledgement ?? null, 0),
    certificate: changes.inspectTls ? 'OURS' : null,
  })
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value.plan
}

describe('workspaces', () => {
  test('a dev container’s create commands run in the place of the agent, and sessions start from what they left', async () => {
    const folder = join(workspace, '.devcontainer')
    await mkdir(folder, { recursive: true })
    const write = async (config: object) => {
      await writeFile(join(folder, 'devcontainer.json'), JSON.stringify(config))
      const [found] = await devContainers.find(workspace)
      return found!
    }
    const plan = ({ path, hash }: DevContainer, setsUp?: true) =>
      planner.plan(
        spec({
          ...{ agent: 'claude-code', level: 'container', useSignIn: false },
          devContainer: { path, hash, ...(setsUp ? { setsUp } : {}) },
        }),
        { resume: false, acknowledgement: null, certificate: null },
      )
    const dev = await write({ image: 'debian:12', postCreateCommand: 'npm ci' })
    expect(await plan(dev)).toMatchObject({
      value: { plan: { image: dev.setUpImage, setUp: { kind: 'used' } } },
    })
    const setUp = await plan(dev, true)
    expect(setUp).toMatchObject({
      value: {
        plan: {
          ...{ image: 'debian:12', argv: ['/bin/sh'], ownProgram: null },
          setUp: { kind: 'makes', image: dev.setUpImage },
          prelude: expect.stringContaining('npm ci'),
        },
      },
    })
    const plain = await write({ image: 'debian:12' })
    expect(await plan(plain)).toMatchObject({
      value: { plan: { image: 'debian:12', setUp: null } },
    })
    expect(await plan(plain, true)).toMatchObject({ error: { type: 'dev_container_refused' } })
  })

  test('an ordinary folder is taken, through links to its real place', async () => {
    await symlink(workspace, join(home, 'link'))
    const plan = await planned({ workspace: join(home, 'link') })
    expect(plan.workspace).toBe(workspace)
  })

  test('what is missing or no folder is named', async () => {
    expect(await failure({ workspace: join(home, 'nowhere') })).toEqual({
      type: 'workspace_missing',
      path: join(home, 'nowhere'),
    })
    await writeFile(join(home, 'file'), '')
    expect(await failure({ workspace: join(home, 'file') })).toMatchObject({
      type: 'workspace_not_folder',
    })
  })

  test.each([
    '/',
    '/home',
    '/etc',
    '/usr/local/src',
    '/tmp',
    '/var',
    '/proc/self',
    'relative/path',
  ])('refuses %s', async (path) => {
    expect(await failure({ workspace: path })).toMatchObject({ type: 'workspace_refused' })
  })

  test('refuses the whole home, everything above it, and our own data', async () => {
    for (const path of [home, join(root, 'home'), dataDir, join(home, '.local')])
      expect(await failure({ workspace: path })).toMatchObject({ type: 'workspace_refused' })
  })

  test('a link to the home does not get around that', async () => {
    await symlink(home, join(workspace, 'sneaky'))
    expect(await failure({ workspace: join(workspace, 'sneaky') })).toMatchObject({
      type: 'workspace_refused',
    })
  })
})

describe('programs', () => {
  test('an agent that is nowhere: not found, with how to install it', async () => {
    expect(await failure({ agent: 'codex' })).toEqual({
      type: 'agent_not_found',
      agent: 'codex',
      install: 'npm install -g @openai/codex',
    })
  })

  test('an agent that may not be executed is named, not skipped', async () => {
    const path = await script(join(home, 'bin', 'codex'), '#!/bin/sh', 0o644)
    expect(await failure({ agent: 'codex' })).toEqual({ type: 'agent_not_executable', path })
  })

  test('the workspace wins over PATH, and needs no mount', async () => {
    await script(join(home, 'bin', 'codex'))
    const local = await script(join(workspace, 'node_modules', '.bin', 'codex'))
    const plan = await planned({ agent: 'codex' })
    expect(plan.argv[0]).toBe(local)
    expect(plan.mounts.filter((mount) => mount.access === 'read')).toEqual([])
  })

  test('a global npm agent in the home brings its packages and its node, nothing else', async () => {
    const packages = join(home, 'npm', 'lib', 'node_modules')
    const target = await script(
      join(packages, '@openai', 'codex', 'bin', 'codex.js'),
      '#!/usr/bin/env node',
    )
    await mkdir(join(home, 'bin'))
    await symlink(target, join(home, 'bin', 'codex'))
    const node = await script(join(home, '.nvm', 'v22', 'bin', 'node'))
    await symlink(node, join(home, 'bin', 'node'))
    const plan = await planned({ agent: 'codex' })
    expect(plan.argv[0]).toBe(target)
    expect(
      plan.mounts.filter((mount) => mount.access === 'read').map((mount) => mount.source),
    ).toEqual([packages, join(home, '.nvm', 'v22')])
    expect(plan.path).toEqual([join(home, '.nvm', 'v22', 'bin')])
  })

  test('a lone file in the home brings only itself', async () => {
    const path = await script(join(home, 'bin', 'tool'))
    const plan = await planned({ agent: 'command', command: 'tool --flag "two words"' })
    expect(plan.argv).toEqual([path, '--flag', 'two words'])
    expect(plan.mounts).toEqual([{ source: path, target: path, access: 'read' }])
  })

  test('commands: by path from the workspace; unknown or unreadable ones say why', async () => {
    const path = await script(join(workspace, 'run.sh'))
    expect((await planned({ agent: 'command', command: './run.sh' })).argv).toEqual([path])
    expect(await failure({ agent: 'command', command: 'no-such-program' })).toEqual({
      type: 'command_invalid',
      reason: 'there is no program "no-such-program"',
    })
    expect(await failure({ agent: 'command', command: 'a | b' })).toMatchObject({
      type: 'command_invalid',
    })
    expect(await failure({ agent: 'command', command: null })).toMatchObject({
      type: 'command_invalid',
    })
  })

  test('restart uses the resume argument of an agent that has one', async () => {
    await script(join(home, 'bin', 'claude'))
    expect((await planned({ agent: 'claude-code' }, true)).argv).toContain('--continue')
    expect((await planned({ agent: 'claude-code' }, false)).argv).not.toContain('--continue')
  })

  test.each([
    ['os', null],
    ['container', null],
    ['container', 'node:24'],
    ['vm', null],
  ] as const)('behind %s, image %s, Claude Code brings its questions', async (level, image) => {
    await script(join(home, 'bin', 'claude'))
    const { argv } = await planned({ agent: 'claude-code', level, image, args: ['-p'] })
    expect(argv.slice(1)).toEqual(['--settings', expect.any(String), '-p'])
    expect(JSON.parse(argv[2] ?? '')).toMatchObject({
      sandbox: { enabled: false },
      hooks: { PermissionRequest: [{ hooks: [{ url: 'http://questions.cloche.internal/' }] }] },
    })
  })

  test('unconfined it is started as its owner would', async () => {
    await script(join(home, 'bin', 'claude'))
    const alone = await planner.plan(spec({ agent: 'claude-code', level: 'unconfined' }), {
      ...{ resume: false, certificate: null },
      acknowledgement: acknowledge('unconfined', 0),
    })
    expect(alone.ok && alone.value.plan.argv.slice(1)).toEqual([])
  })
})

describe('an image', () => {
  test.each([
    ['container', 'node:24'],
    ['vm', 'node:24'],
    ['os', null],
  ] as const)('at level %s it is %s', async (level, image) => {
    const planned = await planner.plan(spec({ level, image: 'node:24' }), {
      ...{ resume: false, acknowledgement: null, certificate: null },
    })
    expect(planned).toMatchObject({ ok: true, value: { plan: { image } } })
    // By name, to be looked for where it will run.
    if (planned.ok) expect(planned.value.plan.argv[0] === 'sh').toBe(image !== null)
  })
})

describe('state and sign-in', () => {
  beforeEach(async () => {
    await script(join(home, 'bin', 'claude'))
    await mkdir(join(home, '.claude'))
    await writeFile(join(home, '.claude', '.credentials.json'), 'mine')
    await writeFile(join(home, '.claude', 'settings.json'), '{"hooks":{}}')
  })

  test("the agent gets its own state folder, never the person's", async () => {
    const plan = await planned({ agent: 'claude-code' })
    const state = plan.mounts.find((mount) => mount.target === join(home, '.claude'))
    expect(state).toEqual({
      source: join(dataDir, 'homes', 'claude-code', '.claude'),
      target: join(home, '.claude'),
      access: 'write',
    })
    await expect(readFile(join(state!.source, '.credentials.json'))).rejects.toThrow()
    expect(plan.env.CLAUDE_CONFIG_DIR).toBe(join(home, '.claude'))
  })

  test('sign-in is copied only when asked, only the declared file, and a newer copy is kept', async () => {
    await planned({ agent: 'claude-code', useSignIn: true })
    const copy = join(dataDir, 'homes', 'claude-code', '.claude', '.credentials.json')
    expect(await readFile(copy, 'utf8')).toBe('mine')
    await expect(readFile(join(copy, '..', 'settings.json'))).rejects.toThrow()
    await writeFile(copy, 'refreshed by the agent')
    await utimes(join(home, '.claude', '.credentials.json'), 1, 1)
    await planned({ agent: 'claude-code', useSignIn: true })
    expect(await readFile(copy, 'utf8')).toBe('refreshed by the agent')
  })
})

describe('unconfined', () => {
  test('needs the word itself; nothing near it counts', async () => {
    for (const typed of [null, '', 'Unconfined', 'unconfined ', 'yes'])
      expect(acknowledge(typed, 0)).toBeNull()
    expect(await failure({ level: 'unconfined' })).toEqual({ type: 'acknowledgement_required' })
    expect((await planned({ level: 'unconfined', acknowledgement: 'unconfined' })).level).toBe(
      'unconfined',
    )
  })
})

describe('the list of agents', () => {
  test('tells where each is and its version, without running anything', async () => {
    const ran = join(root, 'ran')
    const bin = join(workspace, 'node_modules', '@openai', 'codex', 'bin', 'codex.js')
    await script(bin, `#!/bin/sh\ntouch ${ran}`)
    await writeFile(
      join(workspace, 'node_modules', '@openai', 'codex', 'package.json'),
      JSON.stringify({ name: '@openai/codex', version: '1.2.3' }),
    )
    await mkdir(join(workspace, 'node_modules', '.bin'))
    await symlink(bin, join(workspace, 'node_modules', '.bin', 'codex'))
    const agents = await listAgents({ env, home }, workspace)
    const codex = agents.find((agent) => agent.id === 'codex')
    expect(codex).toMatchObject({ foundIn: 'workspace', version: '1.2.3' })
    expect(agents.find((agent) => agent.id === 'gemini-cli')).toMatchObject({
      executable: null,
      foundIn: null,
      install: 'npm install -g @google/gemini-cli',
    })
    await expect(readFile(ran)).rejects.toThrow()
  })
})

describe('the agent’s own sandbox', () => {
  beforeEach(() => script(join(home, 'bin', 'codex')))
  const args = async (changes: Partial<SessionSpec>, resume = false) =>
    (await planned({ agent: 'codex', ...changes }, resume)).argv.slice(1)

  test('is off inside ours, at every start', async () => {
    expect(await args({})).toEqual(['--sandbox', 'danger-full-access'])
    expect(await args({}, true)).toEqual(['--sandbox', 'danger-full-access', 'resume', '--last'])
  })

  test('stays as its owner set it where it is the only one', async () => {
    expect(await args({ level: 'unconfined', acknowledgement: 'unconfined' })).toEqual([])
  })

  test('cannot be on inside the OS sandbox, and the words say so', async () => {
    expect(await failure({ agent: 'codex', innerSandbox: 'on' })).toEqual({
      type: 'inner_sandbox_impossible',
      agent: 'Codex',
    })
  })
})
