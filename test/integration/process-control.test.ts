import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test as plainTest } from 'vitest'
import type { ControlScope, Orphans } from '../../src/shared/domain/process-details.ts'
import type { ProcessKey, ProcessNode } from '../../src/shared/domain/process.ts'
import type { Session } from '../../src/shared/domain/session.ts'
import { ok } from '../../src/shared/result.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, startTestHost, type TestHost } from '../helpers/host.ts'
import { LEVEL, notInVm } from '../helpers/level.ts'
import { guestStates, isHeld, stateOf, statesHere } from '../helpers/process-state.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

let host: TestHost
let connection: Connection
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
})
afterEach(() => host.dispose())

const UNCONFINED = { level: 'unconfined', acknowledgement: 'unconfined' } as const

async function start(script: string, level: 'os' | 'unconfined' = 'os') {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, `sh -c '${script}'`),
    ...(level === 'unconfined' ? UNCONFINED : {}),
  })
  if (!created.ok) throw failure(created.error)
  const { state, events } = follow(connection, created.value.id)
  const find = (line: string): ProcessNode | undefined =>
    [...state().processes.values()].find(({ argv }) => argv.join(' ') === line)
  const seen = async (line: string): Promise<ProcessNode> => {
    await expect.poll(() => find(line)).toBeDefined()
    return find(line)!
  }
  const isGuest = LEVEL === 'vm' && level === 'os'
  const states = isGuest ? guestStates(connection, created.value.id) : statesHere
  return { session: created.value, state, events, find, seen, stateOf: states }
}

const control = (scope: ControlScope, action: 'stop' | 'kill' | 'freeze' | 'thaw') =>
  connection.api.process.control({ scope, action })
const partOf = (
  kind: 'process' | 'subtree',
  session: Session,
  node: ProcessNode,
): ControlScope => ({
  ...{ kind, session: session.id, key: node.key },
})

describe('exits', () => {
  const watched = requireCapability('bubblewrap', 'process events')
  const test = notInVm(watched, 'test/machines/machine.test.ts sees how its processes end')

  test('a session shows how each of its processes ended', async () => {
    const run = await start(
      'sh -c "sleep 0.1; exit 7"; sh -c "sleep 0.1; kill -9 \\$\\$"; sleep 0.2',
    )
    await expect.poll(() => run.state().session?.status).toBe('ended')
    const ends = [...run.state().processes.values()].map(({ exit }) => exit)
    expect(ends).toContainEqual({ kind: 'exited', code: 7 })
    expect(ends).toContainEqual({ kind: 'signalled', signal: 'SIGKILL' })
    expect(ends.filter((exit) => exit === null || exit.kind === 'lost')).toEqual([])
    expect(run.state().watching).toEqual({ source: 'connector', reason: null })
    const root = run.find('sh -c sleep 0.1; exit 7')
    expect(root?.innerPid).toBeGreaterThan(1)
  })
})

const NO_WALL = 'it is started without a wall'
// Without a wall no session is in a machine.
const LEVELS = LEVEL === 'vm' ? (['os'] as const) : (['os', 'unconfined'] as const)

describe.each(LEVELS)('control of a session, behind a wall or none: %s', (level) => {
  const test = level === 'os' ? requireCapability('bubblewrap') : requireCapability()
  const notHere = notInVm(test, 'test/machines/machine.test.ts kills, freezes and ends one')

  notHere('kills one process and nothing else', async () => {
    const run = await start('sleep 301 & sleep 302 & wait', level)
    const [one, other] = [await run.seen('sleep 301'), await run.seen('sleep 302')]
    expect(await control(partOf('process', run.session, one), 'kill')).toEqual(
      ok({ affected: 1, remained: 0 }),
    )
    expect(await stateOf(one.pid)).not.toBe('S')
    expect(await stateOf(other.pid)).toBe('S')
    await expect.poll(() => run.find('sleep 301')?.endedAtMs).toBeTypeOf('number')
    expect(run.events).toContainEqual(
      expect.objectContaining({
        fact: {
          ...{ type: 'proc/controlled', action: 'kill', scope: 'process', key: one.key },
          ...{ affected: 1, remained: 0 },
        },
      }),
    )
  })

  test('a subtree is stopped with its daemons, whatever they do about being asked', async () => {
    const run = await start(
      'sleep 0.3; sh -c "trap \\"\\" TERM; setsid sleep 311 & (sleep 312 &) ; while :; do sleep 0.3; done" & sleep 313 & wait',
      level,
    )
    const daemons = [await run.seen('sleep 311'), await run.seen('sleep 312')]
    const outside = await run.seen('sleep 313')
    const head = [...run.state().processes.values()].find(
      ({ argv, endedAtMs }) => endedAtMs === null && argv[2]?.startsWith('trap'),
    )!
    const outcome = await control(partOf('subtree', run.session, head), 'stop')
    expect(outcome).toMatchObject({ ok: true, value: { remained: 0 } })
    for (const node of [head, ...daemons])
      expect(['Z', null], node.argv.join(' ')).toContain(await run.stateOf(node))
    expect(await run.stateOf(outside)).toBe('S')
  })

  notHere('freezes until nothing runs, also what forks meanwhile, and thaws', async () => {
    const run = await start('while :; do sh -c "sleep 0.01"; done & sleep 321 & wait', level)
    const sleeper = await run.seen('sleep 321')
    const whole = { kind: 'session', session: run.session.id } as const
    expect(await control(whole, 'freeze')).toMatchObject({ ok: true, value: { remained: 0 } })
    const count = run.events.filter(({ fact }) => fact.type === 'proc/started').length
    expect(await isHeld(sleeper.pid)).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const later = run.events.filter(({ fact }) => fact.type === 'proc/started').length
    expect(later - count).toBeLessThan(3)
    expect(await control(whole, 'thaw')).toMatchObject({ ok: true, value: { remained: 0 } })
    await expect.poll(() => isHeld(sleeper.pid)).toBe(false)
    await expect
      .poll(() => run.events.filter(({ fact }) => fact.type === 'proc/started').length)
      .toBeGreaterThan(later + 3)
  })

  test('a frozen session that is stopped ends by itself', async () => {
    const run = await start('trap "exit 5" TERM; while :; do sleep 0.1; done', level)
    await run.seen('sleep 0.1')
    await control({ kind: 'session', session: run.session.id }, 'freeze')
    const before = performance.now()
    expect(await connection.api.session.stop({ id: run.session.id })).toEqual(ok(null))
    expect(performance.now() - before).toBeLessThan(LEVEL === 'vm' ? 10_000 : 4_000)
    await expect.poll(() => run.state().session?.exit).toEqual({ kind: 'exited', code: 5 })
  })

  notHere('stop all ends every session, kill does so at once', async () => {
    const runs = [await start('trap "" TERM; sleep 331', level), await start('sleep 332', level)]
    const nodes = [await runs[0]!.seen('sleep 331'), await runs[1]!.seen('sleep 332')]
    const before = performance.now()
    const outcome = await control({ kind: 'everything' }, 'kill')
    expect(outcome).toMatchObject({ ok: true, value: { remained: 0 } })
    expect(performance.now() - before).toBeLessThan(3_000)
    for (const { pid } of nodes) expect(['Z', null]).toContain(await stateOf(pid))
    for (const { state } of runs) await expect.poll(() => state().session?.status).toBe('ended')
  })
})

describe('the kernel holds a whole session', () => {
  const test = notInVm(
    requireCapability('bubblewrap', 'a group that freezes'),
    'a machine is held by QEMU, and nothing in it runs',
  )

  test('by its group, a process that ignores signals too, and lets nothing be left behind', async () => {
    const run = await start('trap "" TERM CONT; while :; do sleep 0.05; done')
    await run.seen('sleep 0.05')
    const whole = { kind: 'session', session: run.session.id } as const
    expect(await control(whole, 'freeze')).toMatchObject({ ok: true, value: { remained: 0 } })
    // One may have ended just before, and its end is still to be told.
    const known = [...run.state().processes.values()].filter((node) => node.endedAtMs === null)
    const states = await Promise.all(known.map(({ pid }) => stateOf(pid)))
    const held = known.filter((_, index) => states[index] !== null)
    expect(held.length).toBeGreaterThan(1)
    for (const { pid } of held) {
      expect(await stateOf(pid)).not.toBe('T')
      expect(await isHeld(pid)).toBe(true)
    }
    expect(run.state().frozen).toMatchObject({ remained: 0 })
    // A part of it is stopped by signals, and goes on only when both let it.
    expect(await control({ kind: 'everything' }, 'kill')).toMatchObject({
      ok: true,
      value: { remained: 0 },
    })
    for (const { pid } of held) expect(['Z', null]).toContain(await stateOf(pid))
  })
})

describe('a shell that works in its terminal', () => {
  const test = notInVm(requireCapability(), NO_WALL)

  test('keeps its program in the foreground over a freeze by signals', async () => {
    const run = await start('exec bash --norc -i', 'unconfined')
    const ignore = (): void => undefined
    const terminal = connection.openTerminal(
      run.session.id,
      { cols: 80, rows: 24 },
      { screen: ignore, output: ignore, resized: ignore, closed: ignore },
    )
    terminal.write(Buffer.from('cat >from-terminal\r'))
    const cat = await run.seen('cat')
    const whole = { kind: 'session', session: run.session.id } as const
    for (let round = 0; round < 5; round++) {
      expect(await control(whole, 'freeze')).toMatchObject({ ok: true, value: { remained: 0 } })
      expect(await stateOf(cat.pid)).toBe('T')
      expect(await control(whole, 'thaw')).toMatchObject({ ok: true, value: { remained: 0 } })
    }
    terminal.write(Buffer.from('still here\r\u0004'))
    await expect
      .poll(() => readFile(join(host.workspace, 'from-terminal'), 'utf8').catch(() => ''))
      .toBe('still here\n')
  })
})

describe('only members of the named session are signalled', () => {
  const test = requireCapability('bubblewrap')

  test('a process of another session, of nobody, or one that is gone is refused', async () => {
    const [one, other] = [await start('sleep 341'), await start('sleep 342')]
    const node = await other.seen('sleep 342')
    await one.seen('sleep 341')
    const stranger = spawn('sleep', ['343'])
    onTestFinished(() => void stranger.kill())
    await once(stranger, 'spawn')
    const ticks = (await readFile(`/proc/${stranger.pid}/stat`, 'latin1')).split(' ')[21]
    const keys = [node.key, `${stranger.pid}:${ticks}`, `${node.pid}:1`, '1:0'] as ProcessKey[]
    for (const key of keys)
      for (const action of ['kill', 'freeze'] as const)
        expect(await control({ kind: 'subtree', session: one.session.id, key }, action)).toEqual({
          ok: false,
          error: { type: 'process_gone' },
        })
    await expect.poll(() => other.stateOf(node)).toBe('S')
    expect(await stateOf(stranger.pid ?? 0)).toBe('S')
    // The same request, for the session it belongs to, is obeyed.
    expect(await control(partOf('subtree', other.session, node), 'kill')).toMatchObject({
      ok: true,
    })
  })
})

describe('details', () => {
  const test = requireCapability('bubblewrap')
  const compared = notInVm(test, 'test/unit/procwatch/guest.test.ts has what is told')
  const unwalled = notInVm(test, NO_WALL)
  const asking = notInVm(test, 'test/integration/host.test.ts asks from a machine')
  const detailsOf = (session: Session, key: ProcessKey) =>
    connection.api.process.details({ session: session.id, key })

  test('say what a process is, holds and talks to, and no value of its environment', async () => {
    const run = await start('exec 7>>notes.txt 8</etc/passwd; SECRET=hunter2 sleep 351')
    const node = await run.seen('sleep 351')
    await expect.poll(() => run.stateOf(node)).toBe('S')
    // What a file of a machine holds is not compared with this machine's.
    const origin = LEVEL === 'vm' ? 'unknown' : 'system'
    const details = await detailsOf(run.session, node.key)
    if (details.type !== 'found') throw new Error(details.type)
    const { inspection } = details
    expect(inspection).toMatchObject({
      argv: ['sleep', '351'],
      cwd: host.workspace,
      executable: { path: '/usr/bin/sleep', origin, copyOf: null },
      uid: process.getuid?.(),
      threads: 1,
      state: 'S',
      writing: [join(host.workspace, 'notes.txt')],
      isOpen: true,
      isCut: false,
    })
    expect(inspection.environmentNames).toContain('SECRET')
    expect(JSON.stringify(details)).not.toContain('hunter2')
  })

  compared('a copy of a system program is told from the original', async () => {
    await copyFile('/usr/bin/sleep', join(host.workspace, 'sleep'))
    const run = await start('./sleep 352 & cp ./sleep gone; ./gone 353 & sleep 0.2; rm gone; wait')
    const copied = await detailsOf(run.session, (await run.seen('./sleep 352')).key)
    expect(copied).toMatchObject({
      inspection: {
        executable: {
          ...{
            path: join(host.workspace, 'sleep'),
            origin: 'workspace',
            copyOf: '/usr/bin/sleep',
          },
        },
      },
    })
    const { key } = await run.seen('./gone 353')
    await expect
      .poll(async () => detailsOf(run.session, key))
      .toMatchObject({ inspection: { executable: { origin: 'deleted' } } })
  })

  unwalled('connections are those of the process', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const run = await start(
      `exec ${process.execPath} -e "require(\\"net\\").connect(${port}, \\"127.0.0.1\\"); require(\\"net\\").createServer().listen(0); setInterval(() => 0, 1000)"`,
      'unconfined',
    )
    const isNode = ({ argv }: ProcessNode): boolean => argv[1] === '-e'
    await expect.poll(() => [...run.state().processes.values()].some(isNode)).toBe(true)
    const node = [...run.state().processes.values()].find(isNode)!
    const connections = async () => {
      const details = await detailsOf(run.session, node.key)
      return details.type === 'found' ? details.inspection.connections : []
    }
    await expect.poll(async () => (await connections()).length).toBe(2)
    expect(await connections()).toContainEqual({
      protocol: 'tcp',
      local: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      remote: `127.0.0.1:${port}`,
      state: 'established',
    })
    expect(await connections()).toContainEqual({
      ...{ protocol: 'tcp', local: expect.stringMatching(/^\[::\]:\d+$/), remote: null },
      state: 'listening',
    })
  })

  asking('a connection it asked for is named; gone is gone', async () => {
    const run = await start('true; exec curl -s --max-time 30 http://wanted.example.test/')
    const isAsking = ({ name, argv }: ProcessNode): boolean =>
      name === 'curl' && argv.at(-1)?.includes('wanted') === true
    await expect.poll(() => run.state().pending.length).toBeGreaterThan(0)
    const node = [...run.state().processes.values()].find(isAsking)!
    expect(await detailsOf(run.session, node.key)).toMatchObject({ type: 'found' })
    const [entry] = run.state().network.values()
    expect(entry).toMatchObject({
      destination: { host: 'wanted.example.test', port: 80 },
      requester: { process: { key: node.key } },
    })
    expect(run.state().pending[0]?.connections).toEqual([entry!.id])
    await connection.api.session.stop({ id: run.session.id })
    expect(await detailsOf(run.session, node.key)).toEqual({ type: 'gone' })
  })
})

describe('orphans', () => {
  const test = notInVm(plainTest, 'nothing outlives a machine: see test/machines/machine.test.ts')
  const followOrphans = () => {
    const now: { list: Orphans[] } = { list: [] }
    connection.api.process.orphans(null, (frame) => {
      now.list = frame.type === 'snapshot' ? frame.state : frame.change
    })
    return now
  }

  test('what outlives an unconfined session is found at its end, shown, and ended at once', async () => {
    const orphans = followOrphans()
    const run = await start(
      'sleep 0.3; setsid sh -c "env -i sleep 361 & sleep 362 & exit" ; sleep 0.3',
      'unconfined',
    )
    const [hidden, plain] = [await run.seen('sleep 361'), await run.seen('sleep 362')]
    await expect.poll(() => run.state().session?.status).toBe('ended')
    const names = () =>
      orphans.list.flatMap(({ processes }) => processes.map(({ argv }) => argv[1]))
    await expect.poll(() => names().sort()).toEqual(['361', '362'])
    expect(run.events.map(({ fact }) => fact)).toContainEqual({
      type: 'proc/orphaned',
      keys: expect.arrayContaining([hidden.key, plain.key]),
    })
    expect(await connection.api.process.endOrphans({ session: run.session.id })).toEqual(
      ok({ affected: 2, remained: 0 }),
    )
    for (const { pid } of [hidden, plain]) expect(['Z', null]).toContain(await stateOf(pid))
    await expect.poll(() => orphans.list).toEqual([])
  })

  test('they are found again by the next start, and the list follows what ends by itself', async () => {
    const run = await start('setsid sleep 371 & setsid sleep 1.5 & sleep 0.2', 'unconfined')
    const node = await run.seen('sleep 371')
    await expect.poll(() => run.state().session?.status).toBe('ended')
    await host.restart()
    connection = await host.connect()
    const orphans = followOrphans()
    const names = () =>
      orphans.list.flatMap(({ processes }) => processes.map(({ argv }) => argv[1]))
    await expect.poll(names).toEqual(['371'])
    expect(await connection.api.process.endOrphans({ session: null })).toEqual(
      ok({ affected: 1, remained: 0 }),
    )
    expect(['Z', null]).toContain(await stateOf(node.pid))
  })

  test('a sandboxed session leaves none', async () => {
    const orphans = followOrphans()
    const run = await start('setsid sleep 381 & sleep 0.3')
    const node = await run.seen('sleep 381')
    await expect.poll(() => run.state().session?.status).toBe('ended')
    expect(orphans.list).toEqual([])
    expect(await stateOf(node.pid)).toBe(null)
  })
})
