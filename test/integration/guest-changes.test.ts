import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { startPiped } from '../../src/main/backends/spawn.ts'
import type { FileReport, FileWatch } from '../../src/main/core/file-port.ts'
import { createWatchFiles } from '../../src/main/filewatch/watch-files.ts'
import { requireCapability } from '../helpers/require-capability.ts'

const test = requireCapability('process events')
const PROGRAM = resolve(import.meta.dirname, '../../out/native/file-changes')

let root: string
let folder: string
let reports: FileReport[]
let watch: FileWatch
let helperPid: number | undefined
let machine: Machine
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cloche-guest-'))
  folder = join(root, 'work')
  for (const name of ['work', 'copies', 'outside']) await mkdir(join(root, name))
  await writeFile(join(folder, 'kept.txt'), 'first\n')
  await writeFile(join(folder, '.env'), 'TOKEN=do-not-record-me')
  await writeFile(join(root, 'outside/secret'), 'do-not-record-me-either')
  await symlink(join(root, 'outside'), join(folder, 'way'))
  await startWatch(false)
})
afterEach(async () => {
  machine.socket.destroy()
  await watch.close()
  await rm(root, { recursive: true })
})

async function startWatch(learns: boolean): Promise<void> {
  reports = []
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const start = createWatchFiles({
    start: (args) => {
      const child = startPiped(PROGRAM, args)
      helperPid = child.pid
      return Promise.resolve({
        ...{ stdin: child.stdin, stdout: child.stdout, ended: once(child, 'close') },
        kill: () => void child.kill('SIGKILL'),
      })
    },
    ...{ socketsIn: root, log },
  })
  const started = await start({
    ...{ folder, workspace: '/home/ada/work', copies: join(root, 'copies') },
    ...{ hidden: [join(folder, '.env')], programs: 'guest', learns },
    report: (told) => reports.push(told),
    lost: (reason) => expect.fail(reason),
  })
  if ('reason' in started) throw new Error(started.reason)
  watch = started
  machine = await startMachine(watch.socket ?? '')
}

interface Machine {
  readonly socket: Socket
  /** Answers so far; the first byte is what is wanted of it. */
  answers(): number
  isClosed(): boolean
  /** That a process is about to change a path, without waiting for the answer. */
  say(path: string | Buffer, more?: { pid?: number; ticks?: bigint; how?: number }): void
  /** As an honest machine: waits for the answer. */
  tell(path: string, pid: number): Promise<void>
}

const OPENS = 2
const LOOKS = 4

/** The far end of a machine's line, which says what it wants. */
async function startMachine(path: string): Promise<Machine> {
  const socket = connect(path)
  let bytes = 0
  let isClosed = false
  socket.on('data', (part) => (bytes += part.length))
  socket.on('error', () => undefined)
  socket.on('close', () => (isClosed = true))
  await once(socket, 'connect')
  await expect.poll(() => bytes).toBe(1)
  const say: Machine['say'] = (name, { pid = 7, ticks = 1n, how = OPENS } = {}) => {
    const words = Buffer.from(name)
    const head = Buffer.alloc(16)
    head.writeBigUInt64LE(ticks, 0)
    head.writeUInt32LE(pid, 8)
    head.writeUInt16LE(how, 12)
    head.writeUInt16LE(words.length, 14)
    socket.write(Buffer.concat([head, words]))
  }
  return {
    ...{ socket, say, answers: () => bytes - 1, isClosed: () => isClosed },
    tell: async (name, pid) => {
      const before = bytes
      say(name, { pid })
      await expect.poll(() => bytes, { interval: 2 }).toBe(before + 1)
    },
  }
}

const begin = async (): Promise<void> => {
  machine.say('', { pid: 0, ticks: 0n, how: 0 })
  await expect.poll(() => machine.answers()).toBe(1)
}

const changes = () =>
  reports.flatMap((told) =>
    told.type === 'changed' ? [[told.change, told.path, told.writer?.pid ?? null]] : [],
  )

const copies = async (): Promise<string[]> =>
  Promise.all(
    (await readdir(join(root, 'copies'))).map((name) =>
      readFile(join(root, 'copies', name), 'utf8'),
    ),
  )

describe('what a machine tells of who changes files', () => {
  test('counts for what is seen here to change, with what was there before', async () => {
    await begin()
    await machine.tell('kept.txt', 41)
    await writeFile(join(folder, 'kept.txt'), 'second\n')
    await machine.tell('made.txt', 42)
    await writeFile(join(folder, 'made.txt'), 'x')
    await expect.poll(changes).toEqual([
      ['written', 'kept.txt', 41],
      ['created', 'made.txt', 42],
    ])
    expect(await copies()).toEqual(expect.arrayContaining(['first\n', 'second\n', 'x']))
    expect(reports.filter(({ type }) => type === 'notices')).toHaveLength(1)
  })

  test('is nothing where nothing changes, and nobody where two had a file open', async () => {
    await begin()
    for (const name of ['kept.txt', 'never', 'no/such/folder/file']) await machine.tell(name, 41)
    await machine.tell('kept.txt', 43)
    await writeFile(join(folder, 'kept.txt'), 'either’s\n')
    await expect.poll(changes).toEqual([['written', 'kept.txt', null]])
  })

  test('shows nothing that is hidden, and nothing behind a link that leads out', async () => {
    await begin()
    for (const name of ['.env', 'way/secret', 'way']) await machine.tell(name, 41)
    await writeFile(join(folder, '.env'), 'TOKEN=do-not-record-this')
    await writeFile(join(root, 'outside/secret'), 'do-not-record-that')
    await writeFile(join(folder, 'after'), '')
    await expect.poll(changes).toEqual([['created', 'after', null]])
    expect((await copies()).join()).not.toContain('do-not-record')
  })

  test.for<[string, string | Buffer, Parameters<Machine['say']>[1]]>([
    ['a whole path', '/etc/passwd', {}],
    ['a way out', '../outside/secret', {}],
    ['a way out in the middle', 'a/../../outside/secret', {}],
    ['a way to here', './kept.txt', {}],
    ['an empty word', 'a//b', {}],
    ['a word without end', 'a/', {}],
    ['no path', '', {}],
    ['a path that ends early', Buffer.from('kept.txt\0/../..'), {}],
    ['more than a path', 'x'.repeat(4096), {}],
    ['no process there can be', 'kept.txt', { pid: 2 ** 22 + 1 }],
    ['no start there can be', 'kept.txt', { ticks: 2n ** 53n + 1n }],
    ['what nobody asked for', 'kept.txt', { how: 4 }],
    ['a second beginning', '', { pid: 0, how: 0 }],
  ])('is not listened to any more after %s', async ([, path, more]) => {
    await begin()
    machine.say(path, more)
    await expect.poll(() => machine.isClosed()).toBe(true)
    await expect.poll(() => reports.at(-1)).toEqual({ type: 'watching', isWhole: true })
    // The watch itself goes on.
    await writeFile(join(folder, 'kept.txt'), 'second\n')
    await expect.poll(changes).toEqual([['written', 'kept.txt', null]])
  })

  test('is not listened to before it began, and nobody else is after it', async () => {
    machine.say('kept.txt')
    await expect.poll(() => machine.isClosed()).toBe(true)
    await expect(startMachine(watch.socket ?? '')).rejects.toThrow()
  })

  test('ends where it is asked for answers and never reads one', async () => {
    await begin()
    machine.socket.pause()
    for (let i = 0; i < 100_000; i++) machine.say(`file-${i}`)
    const ended = () => reports.at(-1)?.type
    await expect.poll(ended).toBe('watching')
    await writeFile(join(folder, 'after'), '')
    await expect.poll(changes).toEqual([['created', 'after', null]])
  })

  test('takes no more memory than there is for names', async () => {
    await begin()
    const resident = async (): Promise<number> => {
      const status = await readFile(`/proc/${helperPid}/status`, 'utf8')
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1])
    }
    const before = await resident()
    const long = 'n'.repeat(250)
    for (let i = 0; i < 40_000; i++) {
      machine.say(`${Array.from({ length: 14 }, () => long).join('/')}-${i}`)
      if (i % 100 === 99) await expect.poll(() => machine.answers(), { interval: 1 }).toBe(i + 2)
    }
    const taken = (await resident()) - before
    // Of 140 MiB that were named.
    expect(taken).toBeGreaterThan(50 * 1024)
    expect(taken).toBeLessThan(100 * 1024)
    await writeFile(join(folder, 'after'), '')
    await expect.poll(changes).toEqual([['created', 'after', null]])
  })
})

describe('what a machine tells of what its programs need', () => {
  const needs = () =>
    reports.flatMap((told) =>
      told.type === 'needed' ? [[told.outcome, told.path, told.isFolder, told.reader?.pid]] : [],
    )
  const looks = async (path: string, how = LOOKS): Promise<void> => {
    const before = machine.answers()
    machine.say(path, { pid: 41, how })
    await expect.poll(() => machine.answers()).toBe(before + 1)
  }
  beforeEach(async () => {
    machine.socket.destroy()
    await watch.close()
    await startWatch(true)
    await begin()
  })

  test('counts for what is here, once for each path, and the answer is always the same', async () => {
    await looks(join(root, 'outside/secret'))
    await looks(join(root, 'outside/secret'))
    await looks(join(root, 'outside'))
    await looks(join(root, 'nowhere'))
    await looks('kept.txt', LOOKS | OPENS)
    await expect.poll(needs).toEqual([
      ['absent', join(root, 'outside/secret'), false, 41],
      ['absent', join(root, 'outside'), true, 41],
      ['read', 'kept.txt', false, 41],
    ])
    // What changes is told as ever.
    await machine.tell('kept.txt', 42)
    await writeFile(join(folder, 'kept.txt'), 'second\n')
    await expect.poll(changes).toEqual([['written', 'kept.txt', 42]])
  })

  test('is nothing that is hidden, no file, behind a link, or of the kernel’s', async () => {
    for (const path of ['.env', 'way', 'way/secret', 'never']) await looks(path, LOOKS | OPENS)
    // Below the folder as the machine sees it, it is there or not; and what is here of the kernel's is another's.
    for (const path of ['/home/ada/work/kept.txt', '/proc/self', '/dev/null']) await looks(path)
    await looks(join(root, 'outside'))
    await expect.poll(needs).toEqual([['absent', join(root, 'outside'), true, 41]])
  })

  test.for<[string, string, number]>([
    ['a path from nowhere', 'etc/passwd', LOOKS],
    ['a way out', '/home/../etc/passwd', LOOKS],
    ['the top', '/', LOOKS],
    ['no path', '', LOOKS],
    ['a whole path of a file that is opened', '/etc/passwd', LOOKS | OPENS],
    ['a way out of the folder', '../outside/secret', LOOKS | OPENS],
    ['what there is not', '/etc/passwd', LOOKS | 8],
  ])('is not listened to any more after %s', async ([, path, how]) => {
    machine.say(path, { pid: 41, how })
    await expect.poll(() => machine.isClosed()).toBe(true)
    expect(needs()).toEqual([])
  })
})
