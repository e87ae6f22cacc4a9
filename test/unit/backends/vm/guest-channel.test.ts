import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KIND, openGuestChannel, words } from '../../../../src/main/backends/vm/guest-channel.ts'
import { guestProc, signalInGuest } from '../../../../src/main/backends/vm/guest-proc.ts'
import { temporaryFolder } from '../../../helpers/recording.ts'

function message(id: number, kind: number, content: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt32LE(content.length, 0)
  head.writeUInt32LE(id, 4)
  head.writeUInt32LE(kind, 8)
  return Buffer.concat([head, content])
}

/** A machine that answers by `answer`, given the kind and content of each question. */
async function machine(answer: (kind: number, content: Buffer) => Buffer | null) {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'control')
  const channel = await openGuestChannel(path)
  const socket: Socket = connect(path)
  let rest = Buffer.alloc(0)
  socket.on('error', () => undefined)
  socket.on('data', (bytes) => {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= 12 && rest.length >= 12 + rest.readUInt32LE(0)) {
      const size = rest.readUInt32LE(0)
      const [id, kind] = [rest.readUInt32LE(4), rest.readUInt32LE(8)]
      const said = answer(kind, rest.subarray(12, 12 + size))
      rest = rest.subarray(12 + size)
      if (said) socket.write(message(id, kind, said))
    }
  })
  await new Promise((done) => socket.once('connect', done))
  socket.write(message(0, KIND.ready))
  await expect.poll(() => channel.isReady()).toBe(true)
  return {
    channel,
    socket,
    [Symbol.asyncDispose]: async () => {
      channel.close()
      socket.destroy()
      await folder[Symbol.asyncDispose]()
    },
  }
}

test('files, links and folders of a machine are asked for, and what is not there is null', async () => {
  await using guest = await machine((kind, content) => {
    const path = content.toString('utf8').replace(/\0$/, '')
    if (kind === KIND.read)
      return Buffer.from(content.readUInt32LE(0) === 9 ? '\x01123456789' : '\0')
    if (kind === KIND.link) return Buffer.from(path === '/proc/7/exe' ? '\x01/usr/bin/tool' : '\0')
    if (kind === KIND.list) return Buffer.concat([Buffer.from([1]), words('1', '7')])
    return Buffer.concat([Buffer.from([1]), words('0', '/dev/pts/0', '3', 'socket:[5]')])
  })
  const proc = guestProc(guest.channel)
  expect((await proc.read('/proc/7/stat', 9))?.toString()).toBe('123456789')
  expect(await proc.read('/proc/7/stat', 8)).toBeNull()
  expect(await proc.link('/proc/7/exe')).toBe('/usr/bin/tool')
  expect(await proc.link('/proc/8/exe')).toBeNull()
  expect(await proc.list('/proc')).toEqual(['1', '7'])
  expect(await proc.links('/proc/7/fd', 10)).toEqual(
    new Map([
      ['0', '/dev/pts/0'],
      ['3', 'socket:[5]'],
    ]),
  )
  expect((await proc.links('/proc/7/fd', 1))?.size).toBe(1)
})

test('a signal is for the process that was meant, by number and start', async () => {
  let asked = Buffer.alloc(0)
  await using guest = await machine((_kind, content) => {
    asked = Buffer.from(content)
    return Buffer.from([2])
  })
  const process = { pid: 4321, startTicks: 2 ** 33 + 5 }
  expect(await signalInGuest(guest.channel, process, 'SIGKILL')).toBe('refused')
  expect([asked.readUInt32LE(0), Number(asked.readBigUInt64LE(4)), asked.readUInt32LE(12)]).toEqual(
    [...[4321, 2 ** 33 + 5, 9]],
  )
})

test('a machine that does not answer has not lost its processes; one that is gone has none', async () => {
  await using guest = await machine(() => null)
  const slow = { ...guest.channel, ask: () => Promise.resolve(null) }
  await expect(guestProc(slow).list('/proc')).rejects.toThrow('does not answer')
  expect(await guest.channel.ask(KIND.read, words('x'), 30)).toBeNull()
  guest.socket.destroy()
  await expect.poll(() => guest.channel.isClosed()).toBe(true)
  expect(await guestProc(guest.channel).list('/proc')).toBeNull()
})

test('what it says is bounded: the report, its failure, and each message', async () => {
  await using guest = await machine(() => null)
  for (let i = 0; i < 40; i++) guest.socket.write(message(0, KIND.report, Buffer.alloc(4000, 'x')))
  guest.socket.write(message(0, KIND.failed, Buffer.alloc(100_000, 'y')))
  await expect.poll(() => guest.channel.failure()).toBe('y'.repeat(400))
  expect(guest.channel.report().length).toBeLessThan(70_000)
  guest.socket.write(message(0, 9999, Buffer.from('of no kind')))
  guest.socket.write(message(12, KIND.read, Buffer.from('to no question')))
  const waiting = guest.channel.ask(KIND.read, words('x'))
  // Larger than any: whoever says so is not ours any more.
  guest.socket.write(message(0, KIND.report).fill(0xff, 0, 4))
  expect(await waiting).toBeNull()
  expect(guest.channel.isClosed()).toBe(true)
})

test('only the first that comes is heard', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'control')
  const channel = await openGuestChannel(path)
  const first = connect(path)
  await new Promise((done) => first.once('connect', done))
  first.write(message(0, KIND.ready))
  await expect.poll(() => channel.isReady()).toBe(true)
  const second = connect(path)
  await expect(
    new Promise((done, failed) => second.once('connect', done).once('error', failed)),
  ).rejects.toThrow()
  channel.close()
  first.destroy()
})
