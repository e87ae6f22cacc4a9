import { Duplex } from 'node:stream'
import { resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { enterMachine } from '../../src/main/backends/vm/guest-enter.ts'
import { PART, partOf } from '../../src/main/backends/vm/terminal-parts.ts'
import type { GuestKernel } from '../../src/main/core/ports.ts'
import type { Entered } from '../../src/main/core/terminal-port.ts'
import { ok, type Result } from '../../src/shared/result.ts'
import { machineProc } from '../../src/main/procwatch/machine-proc.ts'
import { startInTerminal, type Terminal } from '../helpers/sandbox.ts'

const SCRIPT = resolve(import.meta.dirname, '../../out/main/machine-terminal.mjs')

/** The host's end of a stream, and the end of whoever is in the machine. */
function streamPair() {
  const heard: Buffer[] = []
  const host = new Duplex({
    read: () => undefined,
    write: (bytes: Buffer, _, done) => (heard.push(bytes), done()),
    final: (done) => done(),
  })
  return {
    host,
    heard: () => Buffer.concat(heard),
    say: (...parts: readonly Buffer[]) => host.push(Buffer.concat(parts)),
    end: () => host.push(null),
  }
}

const madeOf = (pid: number): Buffer => {
  const number = Buffer.alloc(4)
  number.writeUInt32LE(pid)
  return partOf(PART.made, number)
}

const NONE = '0000000000000000'
const STATUS = [
  ...['Uid:\t1\t1\t1\t1', 'Gid:\t1\t1\t1\t1', 'NoNewPrivs:\t1', 'Seccomp:\t2'],
  ...['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => `${name}:\t${NONE}`),
].join('\n')
const statOf = (state: string): string => `3 (sh) ${state} ${'0 '.repeat(48)}`

/** A kernel in which process 1 has one child, the agent 2; process 3 is as `its` says. */
function kernelWith(its: Readonly<Record<string, string>>, signals: string[] = []): GuestKernel {
  const common = { status: STATUS, cgroup: '0::/program\n', stat: statOf('T') }
  const files = new Map([['/proc/1/task/1/children', '2 ']])
  for (const pid of [2, 3])
    for (const [name, text] of Object.entries({
      ...{ ...common, 'net/dev': '', mountinfo: '' },
      ...(pid === 3 ? its : {}),
    }))
      files.set(`/proc/${pid}/${name}`, text)
  files.set('/proc/sys/kernel/random/boot_id', 'boot')
  return {
    rootPid: 1,
    proc: {
      ...machineProc,
      read: (path) => Promise.resolve(Buffer.from(files.get(path) ?? '')),
      link: (path) =>
        Promise.resolve(
          path.startsWith('/proc/3/') ? (its[path.split('/ns/')[1]!] ?? 'one') : 'one',
        ),
    },
    events: () => {
      throw new Error('nobody asks')
    },
    signal: (_, signal) => (signals.push(signal), Promise.resolve('sent')),
  }
}

let stream: ReturnType<typeof streamPair>
let terminal: Terminal | null
beforeEach(() => {
  stream = streamPair()
  terminal = null
})
afterEach(() => terminal?.pty.kill('SIGKILL'))

/** Enters as the host does; `hear`: what the machine says once it was asked. */
async function enter(kernel: GuestKernel, hear: () => void): Promise<Result<Entered, string>> {
  const entry = await enterMachine(
    {
      ...{ terminalScript: SCRIPT, ownShell: '/bin/sh', shell: '/bin/guest-shell', visible: [] },
      helpers: { nodePath: process.execPath, nodeEnv: {} },
    },
    {
      kernel,
      connector: { connect: () => Promise.resolve(ok(stream.host)), close: () => undefined },
    },
    '/bin/wanted',
  )
  if (!entry.ok) throw new Error(entry.error)
  terminal = startInTerminal(entry.value.launch)
  const exit = new AbortController()
  void terminal.exited.then(() => exit.abort())
  const joining = entry.value.join(terminal.pty.pid, exit.signal)
  await expect.poll(() => stream.heard().toString()).toContain('/bin/guest-shell')
  hear()
  const joined = await joining
  if (!joined.ok) await entry.value.abandon()
  return joined
}

const say =
  (...parts: readonly Buffer[]) =>
  (): unknown =>
    stream.say(...parts)

describe('a further terminal in a machine', () => {
  test('is asked for with its shells in their order, and carried both ways to its code', async () => {
    const signals: string[] = []
    const joined = await enter(kernelWith({}, signals), say(madeOf(3)))
    if (!joined.ok) throw new Error(joined.error)
    const asked = Buffer.from('/bin/wanted\0/bin/guest-shell\0/bin/sh\0')
    expect(stream.heard().subarray(0, 4 + asked.length)).toEqual(partOf(PART.start, asked))
    expect(signals).toEqual([])
    await joined.value.release()
    expect(signals).toEqual(['SIGCONT'])
    stream.say(partOf(PART.shown, Buffer.from('hello')))
    await expect.poll(terminal!.output).toBe('hello')
    terminal!.pty.write('typed\x03')
    await expect
      .poll(() => stream.heard().includes(partOf(PART.typed, Buffer.from('typed\x03'))))
      .toBe(true)
    terminal!.pty.resize(91, 17)
    const size = partOf(PART.resized, Buffer.of(91, 0, 17, 0))
    await expect.poll(() => stream.heard().includes(size)).toBe(true)
    stream.say(partOf(PART.over, Buffer.of(7)))
    stream.end()
    expect((await terminal!.exited).exitCode).toBe(7)
  })

  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['is in another process table', { pid: 'other' }, 'pid namespace'],
    ['has other mounts', { mnt: 'other' }, 'mnt namespace'],
    ['is held by no filter', { status: STATUS.replace('Seccomp:\t2', 'Seccomp:\t0') }, 'filter'],
    ['has a right', { status: STATUS.replace(NONE, '0000000000000400') }, 'rights'],
    ['is another user', { status: STATUS.replace('\t1\t1\t1\t1', '\t1\t0\t1\t1') }, 'user'],
    ['is in other control groups', { cgroup: '0::/\n' }, 'control groups'],
  ])('does not run where its shell %s', async (_name, its, why) => {
    const signals: string[] = []
    const joined = await enter(kernelWith(its, signals), say(madeOf(3)))
    expect(joined).toEqual({ ok: false, error: expect.stringContaining(why) })
    expect(signals).toEqual([])
    expect(stream.host.destroyed).toBe(true)
  })

  test('does not run before its shell has stopped itself', async () => {
    const signals: string[] = []
    const joined = await enter(kernelWith({ stat: statOf('S') }, signals), () => {
      stream.say(madeOf(3))
      setTimeout(() => terminal?.pty.kill('SIGKILL'), 500)
    })
    expect([joined, signals]).toEqual([{ ok: false, error: '' }, []])
  })

  test.each<[string, () => Buffer]>([
    ['something else first', () => partOf(PART.shown, Buffer.from('1234'))],
    ['a part larger than any', () => Buffer.from([PART.made, 0, 255, 255, 1, 2, 3, 4])],
    ['a number of no size', () => partOf(PART.made, Buffer.from('12'))],
    ['noise', () => Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 193 + 71) % 256))],
  ])('is refused by a machine that says %s', async (_name, said) => {
    const joined = await enter(kernelWith({}), () => {
      stream.say(said())
      stream.end()
    })
    expect(joined).toEqual({ ok: false, error: 'The machine opened no terminal.' })
  })

  test('is over, and nothing else, when the machine breaks the rules or is gone', async () => {
    const joined = await enter(kernelWith({}), say(madeOf(3)))
    expect(joined.ok).toBe(true)
    stream.say(partOf(PART.shown, Buffer.from('last words')), Buffer.alloc(70_000, 255))
    const { exitCode } = await terminal!.exited
    expect([terminal!.output(), exitCode]).toEqual(['last words', 129])
    await expect.poll(() => stream.host.destroyed).toBe(true)
  })

  test('kinds of parts that there are not change nothing', async () => {
    const joined = await enter(kernelWith({}), say(madeOf(3)))
    expect(joined.ok).toBe(true)
    for (const kind of [0, 1, 2, 3, 4, 7, 99, 255])
      stream.say(Buffer.from([kind, 0, 3, 0, 120, 120, 120]))
    stream.say(partOf(PART.shown, Buffer.from('only this')), partOf(PART.over, Buffer.alloc(0)))
    stream.end()
    const { exitCode } = await terminal!.exited
    expect([terminal!.output(), exitCode]).toEqual(['only this', 125])
  })
})
