import {
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import type { SandboxBuild } from '../../src/main/core/ports.ts'
import { failure } from '../helpers/failure.ts'
import { compileEscapes } from '../helpers/escape-program.ts'
import { shell } from '../helpers/outside.ts'
import { LEVEL, notInVm } from '../helpers/level.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import {
  LISTENER_SCRIPT,
  makePlace,
  type Place,
  planFor,
  startInTerminal,
  startSandbox,
  testBackend,
} from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'gcc')
const SESSION = 'ses_00000000000000fc' as never
const SECRET = 'only-the-machine-may-read-this'

let place: Place
beforeEach(async () => {
  place = await makePlace()
  await mkdir(join(place.home, '.ssh'))
  await writeFile(join(place.home, '.ssh', 'key'), SECRET, { mode: 0o600 })
})
afterEach(() => place.dispose())

async function buildFor(script: string): Promise<SandboxBuild> {
  const built = await testBackend().build(planFor(place, shell(script)), SESSION)
  if (!built.ok) throw failure(built.error)
  return built.value
}

/** Starts what was built before, to its end; what it wrote, and whether it was let run. */
async function carryOn(build: SandboxBuild): Promise<{ didRun: boolean; output: string }> {
  const terminal = startInTerminal(build.launch)
  const exit = new AbortController()
  void terminal.exited.then(() => exit.abort())
  const joined = await build.join(terminal.pty.pid, exit.signal)
  if (joined.ok) await joined.value.release()
  else await build.abandon()
  await terminal.exited
  if (joined.ok) await joined.value.destroy()
  return { didRun: joined.ok, output: terminal.output() }
}

const LOOK = 'cat .ssh/key home/.ssh/key project/.ssh/key 2>/dev/null; echo planted >planted'

describe('between the plan and the start', () => {
  test('nothing happens: it runs (positive control)', async () => {
    expect((await carryOn(await buildFor('echo planted >planted'))).didRun).toBe(true)
    expect(await readdir(place.workspace)).toContain('planted')
  })

  test('the workspace becomes a link to the home: nothing runs in the home', async () => {
    const build = await buildFor(LOOK)
    await rename(place.workspace, `${place.workspace}-moved`)
    await symlink(place.home, place.workspace)
    const { didRun, output } = await carryOn(build)
    expect(didRun).toBe(false)
    expect(output).not.toContain(SECRET)
    expect(await readdir(place.home)).not.toContain('planted')
  })

  test('a folder above the workspace is exchanged: nothing runs in another place', async () => {
    const outer = join(place.root, 'outer')
    const decoy = join(place.root, 'decoy')
    await mkdir(join(outer, 'project'), { recursive: true })
    await mkdir(join(decoy, 'project', '.ssh'), { recursive: true })
    await writeFile(join(decoy, 'project', '.ssh', 'key'), SECRET)
    const other = { ...place, workspace: join(outer, 'project') }
    const built = await testBackend().build(planFor(other, shell(LOOK)), SESSION)
    if (!built.ok) throw failure(built.error)
    await rename(outer, `${outer}-moved`)
    await symlink(decoy, outer)
    const { didRun, output } = await carryOn(built.value)
    expect(didRun).toBe(false)
    expect(output).not.toContain(SECRET)
    expect(await readdir(join(decoy, 'project'))).toEqual(['.ssh'])
  })

  test('the workspace is removed: nothing runs', async () => {
    const build = await buildFor(`echo planted >'${place.home}/planted'`)
    await rm(place.workspace, { recursive: true })
    expect((await carryOn(build)).didRun).toBe(false)
    expect(await readdir(place.home)).toEqual(['.ssh'])
  })
})

notInVm(test, 'it is looked at before a machine is started, which takes seconds')(
  'names exchanged without a pause while sessions start: the place a link leads to is untouched',
  async () => {
    const program = compileEscapes(place)
    const victim = join(place.home, '.ssh')
    const before = await stat(victim)
    await mkdir(join(place.workspace, '.vscode'))
    await symlink(victim, join(place.workspace, 'link'))
    const names = ['.vscode', 'link'].map((name) => join(place.workspace, name))
    const exchanger = startInTerminal({
      file: program,
      args: ['exchange', ...names],
      env: {},
      cwd: '/',
    })
    let pastThePlan = 0
    try {
      await expect.poll(exchanger.output).toContain('exchanging')
      for (let attempt = 0; attempt < 25; attempt++) {
        // Some are refused when they are planned, some when they are proven: both are right.
        const start = await startSandbox(
          place,
          shell('cat .vscode/key link/key 2>/dev/null; echo planted >.vscode/planted'),
        ).catch(() => null)
        if (start) pastThePlan++
        if (!start?.sandbox.ok) continue
        await start.sandbox.value.release()
        await start.terminal.exited
        await start.sandbox.value.destroy()
        expect(start.terminal.output()).not.toContain(SECRET)
      }
    } finally {
      exchanger.pty.kill('SIGKILL')
      await exchanger.exited
    }
    expect(pastThePlan).toBeGreaterThan(0)
    expect(await readdir(victim)).toEqual(['key'])
    expect((await stat(victim)).mode).toBe(before.mode)
    expect(await readFile(join(victim, 'key'), 'utf8')).toBe(SECRET)
  },
)

test('Cloche’s own programs as the workspace: nothing starts, because what is written there runs outside', async () => {
  const folder = dirname(LISTENER_SCRIPT)
  const own = { ...place, workspace: await realpath(folder) }
  const built = await testBackend().build(planFor(own, ['/bin/true']), SESSION)
  expect(built).toMatchObject({ ok: false, error: { part: 'Cloche’s own program' } })
  // Each names the first of its own.
  const first = { container: 'container-bridge.mjs', vm: 'machine-terminal.mjs' }
  expect(JSON.stringify(built)).toContain(
    LEVEL === 'os' ? LISTENER_SCRIPT : join(folder, first[LEVEL]),
  )
})

test('a writer that hides from its session writes nothing after its end', async () => {
  const file = join(place.workspace, 'log')
  const { sandbox } = await startSandbox(
    place,
    shell(
      `(setsid nohup sh -c 'trap "" TERM HUP INT; exec 5>>log; while :; do echo x >&5; done' >/dev/null 2>&1 &); exec sleep 600`,
    ),
  )
  if (!sandbox.ok) throw failure(sandbox.error)
  const size = async () => (await stat(file).catch(() => null))?.size ?? 0
  await sandbox.value.release()
  await expect.poll(size).toBeGreaterThan(100)
  await sandbox.value.destroy()
  const atEnd = await size()
  await new Promise((done) => setTimeout(done, 300))
  expect(await size()).toBe(atEnd)
})
