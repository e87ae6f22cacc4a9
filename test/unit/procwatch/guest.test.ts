import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { GuestKernel, ProcessRef, ProcessSignal } from '../../../src/main/core/ports.ts'
import { NO_COMMANDS } from '../../../src/main/core/process-roles.ts'
import { createProcesses, type Processes } from '../../../src/main/create-processes.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { record } from '../../helpers/event-record.ts'
import { FIRST_NAMESPACE, type FakeProcess, fakeProc } from '../../helpers/fake-proc.ts'
import { sessionId } from '../../helpers/recording.ts'

/** The guest gives a process our own number: whatever is read of this machine shows itself. */
const OURS = process.pid
const ROOT = OURS + 1
const READY = 7
const SYNCED = 5
const FORKED = 1

const clock = { wallMs: () => 1_000_000, monoMs: () => 50_000 }
const faults: unknown[] = []
const log = {
  info: () => undefined,
  warn: () => undefined,
  error: (...fault: unknown[]) => void faults.push(fault),
}
const row = (inode: string): string =>
  `   0: 0100007F:1F90 0500000A:01BB 01 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1`

const SESSION: readonly [number, FakeProcess][] = [
  [1, { ppid: 0, argv: ['init'] }],
  [2, { ppid: 1, argv: ['helper'] }],
  [ROOT, { ppid: 1, argv: ['/bin/sh'], exe: '/bin/sh', cwd: '/w' }],
  [
    OURS,
    {
      ppid: ROOT,
      startTicks: 9000,
      argv: ['/usr/bin/sleep', '5'],
      exe: '/usr/bin/sleep',
      cwd: '/w/a',
      environment: 'TOKEN=secret\0A=1\0',
      fds: {
        '0': '/dev/null',
        '3': 'socket:[77]',
        '4': 'socket:[78]',
        '5': '/w/out!',
        '6': '/w/in',
      },
      tcp: ['  sl', row('77'), row('99')].join('\n'),
    },
  ],
]

interface Guest {
  readonly kernel: GuestKernel
  readonly sent: [ProcessRef, ProcessSignal][]
  readonly stdin: PassThrough
  readonly stdout: PassThrough
}

function startGuest(processes: Map<number, FakeProcess>): Guest {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()]
  const sent: Guest['sent'] = []
  const signal: GuestKernel['signal'] = async (ref, name) => {
    sent.push([ref, name])
    return 'sent'
  }
  const events = () => ({ stdin, stdout })
  const kernel = { rootPid: ROOT, proc: fakeProc(processes), events, signal }
  return { kernel, sent, stdin, stdout }
}

const create = (): Processes => createProcesses({ entries: '/nowhere/main', clock, log })

function open(changed: readonly [number, FakeProcess][] = []) {
  const table = new Map([...SESSION, ...changed])
  const guest = startGuest(table)
  const session = create().of({ rootPid: 4, kernel: guest.kernel })
  return { ...guest, ...session, table }
}

test('a sandbox without a kernel of its own has this machine’s, asked with its host pid', () => {
  const processes = create()
  const session = processes.of({ rootPid: OURS, kernel: null })
  expect(session.rootPid).toBe(OURS)
  expect(session.reader).toBe(processes.machine.reader)
  expect(session.signals).toBe(processes.machine.signals)
  expect(session.inspector).toBe(processes.machine.inspector)
})

test('each kernel is looked at by one of its own, however often it is asked for', () => {
  const processes = create()
  const [one, other] = [startGuest(new Map()).kernel, startGuest(new Map()).kernel]
  const first = processes.of({ rootPid: 4, kernel: one })
  expect(processes.of({ rootPid: 4, kernel: one })).toBe(first)
  expect(processes.of({ rootPid: 4, kernel: other })).not.toBe(first)
  expect(first.rootPid).toBe(ROOT)
})

describe('members', () => {
  test('are what the first process started, where it has no pid namespace of its own', async () => {
    const { reader } = open()
    expect(await reader.members(ROOT)).toEqual([OURS, ROOT])
  })

  test('are all of its pid namespace, where it has one', async () => {
    const own = { namespace: 'pid:[2]', ppid: 1 }
    const { reader } = open([
      [ROOT, own],
      [OURS, { ...own, ppid: ROOT }],
      [ROOT + 5, own],
      [ROOT + 6, { ppid: 1, namespace: FIRST_NAMESPACE }],
    ])
    expect(await reader.members(ROOT)).toEqual([OURS, ROOT, ROOT + 5])
  })

  test('are none when the kernel is gone', async () => {
    const { reader, table } = open()
    table.clear()
    expect(await reader.members(ROOT)).toEqual([])
  })
})

test('who asks is named by that kernel’s files', async () => {
  const { reader } = open()
  expect(await reader.requester(OURS, ROOT)).toMatchObject({
    process: { pid: OURS, key: `${OURS}:9000`, name: 'sleep', exe: '/usr/bin/sleep' },
    ancestors: [{ pid: ROOT, exe: '/bin/sh' }],
  })
})

test('sockets it holds are those of its links that are wanted', async () => {
  const { reader } = open()
  expect(await reader.holding(OURS, new Set(['77', '99']))).toEqual(['77'])
  expect(await reader.holding(ROOT, new Set(['77']))).toEqual([])
})

test('its table of connections is that kernel’s, or hidden', async () => {
  const { reader } = open()
  expect(await reader.netTable(OURS, 'tcp')).toContain(row('99'))
  expect(await reader.netTable(OURS, 'tcp6')).toBe('')
})

describe('a close look', () => {
  const inspect = (exe?: string) => {
    const known = new Map(SESSION).get(OURS)!
    const { inspector } = open([[OURS, { ...known, ...(exe ? { exe } : {}) }]])
    return inspector.inspect({ pid: OURS, startTicks: 9000 }, '/w')
  }

  test('shows what that kernel says of it', async () => {
    expect(await inspect()).toMatchObject({
      argv: ['/usr/bin/sleep', '5'],
      cwd: '/w/a',
      environmentNames: ['A', 'TOKEN'],
      uid: 1000,
      threads: 3,
      cpuMs: 70,
      io: { readBytes: 11, writtenBytes: 22 },
      connections: [{ protocol: 'tcp', local: '127.0.0.1:8080', remote: '10.0.0.5:443' }],
      writing: ['/w/out'],
      isOpen: true,
      isCut: false,
    })
  })

  test.each([
    // A file of this name is on this machine, and another one there.
    ['/usr/bin/sleep', 'unknown'],
    ['/w/tool', 'workspace'],
    ['/tmp/x (deleted)', 'deleted'],
    ['/memfd:x (deleted)', 'memory'],
  ])('tells of the program %s what its link tells', async (path, origin) => {
    expect((await inspect(path))?.executable).toEqual({ path, origin, copyOf: null })
  })

  test('is not taken at a later process of the same number', async () => {
    const { inspector } = open()
    expect(await inspector.inspect({ pid: OURS, startTicks: 8999 }, '/w')).toBeNull()
  })
})

describe('signals', () => {
  test('are sent by that kernel, never by this one', async () => {
    const { signals, sent } = open()
    expect(await signals.send({ pid: OURS, startTicks: 9000 }, 'SIGKILL')).toBe('sent')
    expect(sent).toEqual([[{ pid: OURS, startTicks: 9000 }, 'SIGKILL']])
  })

  test('the state is that of the process which is meant', async () => {
    const { signals, table } = open([[OURS, { ppid: ROOT, startTicks: 9000, state: 'T' }]])
    expect(await signals.state({ pid: OURS, startTicks: 9000 })).toBe('T')
    expect(await signals.state({ pid: OURS, startTicks: 8999 })).toBeNull()
    table.set(OURS, { ppid: ROOT, startTicks: 9000, state: 'Z' })
    expect(await signals.state({ pid: OURS, startTicks: 9000 })).toBeNull()
    table.delete(OURS)
    expect(await signals.state({ pid: OURS, startTicks: 9000 })).toBeNull()
  })
})

test('what a kernel tells of its processes comes at our time, and its end is no fault when asked for', async () => {
  const { watch, close, stdin, stdout, table } = open()
  const facts: Fact[] = []
  const asked: number[] = []
  const guestMs = 3_000
  const at = (ms: number): bigint => BigInt(ms) * 1_000_000n
  stdin.on('data', (bytes: Buffer) => {
    for (let offset = 0; offset < bytes.length; offset += 4) {
      const pid = bytes.readUInt32LE(offset)
      if (pid === 0) stdout.write(record({ kind: SYNCED, timeNs: at(guestMs) }))
      else asked.push(pid)
    }
  })
  stdin.on('finish', () => stdout.end())
  const watched = watch({
    sessionId: sessionId(1),
    commands: NO_COMMANDS,
    rootPid: ROOT,
    report: (more) => facts.push(...more),
  })
  stdout.write(record({ kind: READY, timeNs: at(guestMs) }))
  await watched.ready
  expect(asked).toEqual(expect.arrayContaining([ROOT, OURS]))
  const child = ROOT + 7
  table.set(child, { ppid: ROOT, startTicks: 240 })
  stdout.write(record({ kind: FORKED, pid: child, other: ROOT, timeNs: at(2_400), bootNs: 0n }))
  await watched.refresh()
  // 600 ms before its clock and ours were compared.
  expect(facts).toContainEqual(
    expect.objectContaining({
      type: 'proc/started',
      node: expect.objectContaining({ pid: child, startedAtMs: clock.wallMs() - 600 }),
    }),
  )
  await close()
  table.clear()
  await watched.stop({ kind: 'exited', code: 0 })
  expect(watched.live()).toEqual([])
  expect(facts.filter(({ type }) => type === 'proc/watching')).toHaveLength(1)
  expect(faults).toEqual([])
})
