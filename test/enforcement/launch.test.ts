import { plainStarter } from '../../src/main/backends/program-starter.ts'
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, vi } from 'vitest'
import { createBubblewrapBackend } from '../../src/main/backends/bubblewrap.ts'
import { identify, isAlive } from '../../src/main/backends/process-identity.ts'
import type { Sandbox, SandboxBuild } from '../../src/main/core/ports.ts'
import type { LaunchSpec } from '../../src/main/core/terminal-port.ts'
import { failure } from '../helpers/failure.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import {
  makePlace,
  type Place,
  planFor,
  startInTerminal,
  startSandbox,
  testBackend,
  testLimits,
  testPlaceholders,
} from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap')
const SESSION = 'ses_00000000000000fe' as never
const SECRET = 'what-the-starter-holds'

let place: Place
let runFolders: string
let children: ChildProcess[]
let sandboxes: Sandbox[]
beforeEach(async () => {
  place = await makePlace()
  runFolders = await mkdtemp(join(tmpdir(), 'cloche-launch-'))
  vi.stubEnv('XDG_RUNTIME_DIR', undefined)
  vi.stubEnv('TMPDIR', runFolders)
  children = []
  sandboxes = []
})
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const sandbox of sandboxes) await sandbox.destroy()
  for (const child of children) child.kill('SIGKILL')
  await place.dispose()
  await rm(runFolders, { recursive: true, force: true })
})

async function buildFor(script: string, env: Record<string, string> = {}): Promise<SandboxBuild> {
  const plan = planFor(place, ['/bin/sh', '-c', script], { env })
  const built = await testBackend().build(plan, SESSION)
  if (!built.ok) throw failure(built.error)
  return built.value
}

/** Runs without a terminal, with `descriptors` left open from 3 on. */
function runWith(launch: LaunchSpec, descriptors: readonly number[] = []) {
  const child = spawn(launch.file, [...launch.args], {
    stdio: ['ignore', 'pipe', 'inherit', ...descriptors],
    env: launch.env,
    cwd: launch.cwd,
  })
  children.push(child)
  let output = ''
  child.stdout!.on('data', (data: Buffer) => {
    output += data.toString()
  })
  const ended = new Promise<string>((done) => child.once('close', () => done(output)))
  return { pid: child.pid!, child, ended }
}

async function joined(build: SandboxBuild, pid: number): Promise<Sandbox> {
  const result = await build.join(pid, new AbortController().signal)
  if (!result.ok) throw failure(result.error)
  sandboxes.push(result.value)
  return result.value
}

describe('what the starter holds does not come along', () => {
  test('descriptors, low and high', async () => {
    const path = join(place.root, 'secret')
    await writeFile(path, SECRET)
    const open = Array.from({ length: 12 }, () => openSync(path, 'r'))
    const script = 'cat /proc/self/fd/5 /proc/self/fd/14 2>/dev/null; echo /proc/self/fd/*'
    const plain = { file: '/bin/sh', args: ['-c', script], env: {}, cwd: '/' }
    expect(await runWith(plain, open).ended).toContain(SECRET)

    const build = await buildFor(script)
    const { pid, ended } = runWith(build.launch, open)
    const sandbox = await joined(build, pid)
    await sandbox.release()
    const output = await ended
    for (const descriptor of open) closeSync(descriptor)
    expect(output).not.toContain(SECRET)
    expect(output).toMatch(/^\/proc\/self\/fd\/0 \/proc\/self\/fd\/1 \/proc\/self\/fd\/2( |\n|$)/m)
  })

  test('its environment; and what the plan gives is on no command line', async () => {
    const starter = { TOKEN_OF_STARTER: SECRET }
    const plain = {
      file: '/bin/sh',
      args: ['-c', 'cat /proc/$$/environ'],
      env: starter,
      cwd: '/',
    }
    expect(await runWith(plain).ended).toContain(SECRET)

    const build = await buildFor(
      'sleep 0.3; cat /proc/*/environ /proc/*/cmdline 2>/dev/null; echo given=$TOKEN',
      { TOKEN: 'sk-given' },
    )
    const { pid, ended } = runWith({ ...build.launch, env: { ...build.launch.env, ...starter } })
    const sandbox = await joined(build, pid)
    await sandbox.release()
    for (const seen of [pid, sandbox.rootPid]) {
      const line = await readFile(`/proc/${seen}/cmdline`, 'utf8')
      expect(line).toContain('bwrap')
      expect(line).not.toContain('sk-given')
    }
    const output = await ended
    expect(output).toContain('given=sk-given')
    expect(output).not.toContain(SECRET)
    expect(output).not.toContain('CLOCHE_CANARY=')
  })

  test('the run folder is gone before the agent runs', async () => {
    const build = await buildFor('sleep 600')
    expect(await readdir(runFolders)).toHaveLength(1)
    const { pid } = runWith(build.launch)
    await joined(build, pid)
    expect(await readdir(runFolders)).toEqual([])
  })
})

describe('a start that fails', () => {
  test('for a mount that is not there: bubblewrap says so, soon, and nothing remains', async () => {
    const started = performance.now()
    const { sandbox, terminal } = await startSandbox(place, ['/bin/true'], {
      mounts: [{ source: '/no/such/folder', target: '/opt/x', access: 'read' }],
    })
    expect(sandbox).toMatchObject({ ok: false, error: { type: 'boundary_failed', detail: '' } })
    expect(performance.now() - started).toBeLessThan(3000)
    await terminal.exited
    expect(terminal.output()).toMatch(/bwrap: .*\/no\/such\/folder/)
    expect(await readdir(runFolders)).toEqual([])
  })

  test('for want of the listener program: the gateway is named, every process is ended', async () => {
    const backend = createBubblewrapBackend({
      starter: plainStarter,
      nodePath: '/no/such/node',
      nodeEnv: {},
      networkProgram: '/nowhere',
      observedProgram: '/nowhere',
      enterProgram: '/nowhere',
      probeProgram: '/nowhere',
      socketsProgram: '/nowhere',
      mountsProgram: '/nowhere',
      listenerScript: '/nowhere',
      connectorScript: '/nowhere',
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      placeholders: testPlaceholders(),
      limits: testLimits(),
    })
    const ran = join(place.workspace, 'ran')
    const built = await backend.build(planFor(place, ['/usr/bin/touch', ran]), SESSION)
    if (!built.ok) throw new Error(built.error.type)
    const terminal = startInTerminal(built.value.launch)
    const launcher = (await identify(terminal.pty.pid))!
    const result = await built.value.join(launcher.pid, new AbortController().signal)
    await built.value.abandon()
    expect(result).toMatchObject({
      ok: false,
      error: { type: 'boundary_failed', part: 'the network gateway' },
    })
    expect(await isAlive(launcher)).toBe(false)
    expect(await readdir(place.workspace)).toEqual([])
    expect(await readdir(runFolders)).toEqual([])
  })

  test('because the launcher ends at once: the wait is over at once', async () => {
    const build = await buildFor('true')
    const exit = new AbortController()
    const { pid, child } = runWith({ ...build.launch, file: '/bin/false', args: [] })
    child.once('exit', () => exit.abort())
    const started = performance.now()
    expect(await build.join(pid, exit.signal)).toMatchObject({ ok: false })
    expect(performance.now() - started).toBeLessThan(2000)
    await build.abandon()
  })
})

test('when its starter is killed, the whole sandbox ends', async () => {
  const build = await buildFor('sleep 600 & sleep 601')
  const { file, args } = build.launch
  const starter = runWith({
    ...build.launch,
    file: '/bin/sh',
    args: ['-c', '"$@"; :', 'sh', file, ...args],
  })
  const sandbox = await joined(build, starter.pid)
  await sandbox.release()
  const root = (await identify(sandbox.rootPid))!
  expect(await isAlive(root)).toBe(true)
  starter.child.kill('SIGKILL')
  await expect.poll(() => isAlive(root)).toBe(false)
})
