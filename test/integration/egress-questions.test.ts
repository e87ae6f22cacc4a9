import { afterEach, expect, test, vi } from 'vitest'
import type { BroughtQuestion, QuestionReply } from '../../src/main/core/egress-port.ts'
import {
  dial,
  exchange,
  readAll,
  startGateway,
  statusOf,
  type TestGateway,
  type TestGatewayOptions,
  until,
} from './egress-harness.ts'

const NAME = 'questions.cloche.internal'

let gateway: TestGateway
let brought: BroughtQuestion[]
let told: boolean[]
let reply: ((brought: BroughtQuestion) => Promise<QuestionReply | null>) | null

const allow = (): Promise<QuestionReply> =>
  Promise.resolve({ body: '{"allow":true}', told: (isTaken) => told.push(isTaken) })

async function start(options: TestGatewayOptions = {}): Promise<void> {
  brought = []
  told = []
  reply = allow
  gateway = await startGateway({
    bring: (question) => {
      brought.push(question)
      return reply?.(question) ?? Promise.resolve(null)
    },
    ...options,
  })
}
afterEach(() => gateway.close())

const post = (body: string, target = '/'): string =>
  `POST ${target} HTTP/1.1\r\nHost: ${NAME}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
const direct = (body: string): string => post(body, `http://${NAME}/`)

/** As clients do that make a tunnel for everything. */
async function throughTunnel(bytes: string): Promise<string> {
  const socket = await dial(gateway.port)
  socket.write(`CONNECT ${NAME}:80 HTTP/1.1\r\nHost: ${NAME}:80\r\n\r\n`)
  const isOpen = (all: Buffer): boolean => all.includes('\r\n\r\n')
  const first = (await readAll(socket, isOpen)).toString()
  if (!first.startsWith('HTTP/1.1 200')) return first
  socket.write(bytes)
  const answer = await readAll(socket)
  socket.destroy()
  return answer.toString()
}

const WAYS = [
  ['a request', (body: string) => exchange(gateway.port, direct(body))],
  ['a tunnel', (body: string) => throughTunnel(post(body))],
] as const

test.each(WAYS)('by %s it is answered by the host, whatever the rules are', async (_, send) => {
  const decide = vi.fn<() => never>()
  await start({ decide })
  const answer = await send('{"ask":1}')
  expect(statusOf(answer)).toBe(200)
  expect(answer).toMatch(/\r\n\r\n\{"allow":true\}$/)
  expect(brought).toMatchObject([{ body: { ask: 1 } }])
  // The test is the client: this process.
  expect(brought[0]?.requester?.process.pid).toBe(process.pid)
  await until(() => told.length === 1, 'the answer was taken')
  expect(told).toEqual([true])
  expect(decide).not.toHaveBeenCalled()
  expect(gateway.facts).toEqual([])
})

test('a client that hangs up is told of, and an answer after that reaches nobody', async () => {
  await start()
  let answer: (made: QuestionReply) => void = () => undefined
  reply = () => new Promise((resolve) => (answer = resolve))
  const socket = await dial(gateway.port)
  socket.write(direct('{}'))
  await until(() => brought.length === 1, 'the question')
  expect(brought[0]?.gone.aborted).toBe(false)
  socket.destroy()
  await until(() => brought[0]?.gone.aborted === true, 'it hung up')
  answer(await allow())
  await until(() => told.length === 1, 'the answer failed')
  expect(told).toEqual([false])
})

test.each(WAYS)('what is no question is refused, by %s', async (_, send) => {
  await start()
  expect(statusOf(await send('{"ask":'))).toBe(400)
  reply = null
  expect(statusOf(await send('{"ask":1}'))).toBe(400)
  await until(() => gateway.factsOf('net/malformed').length === 2, 'both are told')
  expect(brought).toHaveLength(1)
})

test('another method is none', async () => {
  await start()
  const get = `GET http://${NAME}/ HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`
  expect(statusOf(await exchange(gateway.port, get))).toBe(400)
  expect(brought).toEqual([])
})

test.each(WAYS)('one that is too large gets no decision, by %s', async (_, send) => {
  await start({ limits: { questionBytes: 1000 } })
  const answer = await send(JSON.stringify({ ask: 'x'.repeat(2000) }))
  expect(statusOf(answer)).toBe(200)
  expect(answer).toMatch(/\r\n\r\n$/)
  expect(brought).toEqual([])
})

test('one that never comes to an end is hung up on', async () => {
  await start({ limits: { headMs: 200 } })
  const unfinished = `POST / HTTP/1.1\r\nHost: ${NAME}\r\nContent-Length: 10\r\n\r\n{`
  expect(await throughTunnel(unfinished)).toBe('')
  expect(await throughTunnel('')).toBe('')
  expect(await throughTunnel('\x16\x03\x01garbage\r\n\r\n')).toBe('')
  expect(brought).toEqual([])
})

test('the name is nothing else: no other port, no SOCKS, no agent without questions', async () => {
  await start()
  const other = `CONNECT ${NAME}:443 HTTP/1.1\r\nHost: ${NAME}:443\r\n\r\n`
  expect(statusOf(await exchange(gateway.port, other))).toBe(403)
  const socks = await exchange(
    gateway.port,
    Buffer.concat([
      Buffer.from([5, 1, 0, 5, 1, 0, 3, NAME.length]),
      Buffer.from(NAME),
      Buffer.from([0, 80]),
    ]),
  )
  // The second byte of its answer: not allowed by the ruleset.
  expect(Buffer.from(socks, 'latin1')[3]).toBe(2)
  expect([brought, gateway.asked]).toEqual([[], []])
  await gateway.close()
  await start({ bring: null })
  expect(statusOf(await exchange(gateway.port, direct('{}')))).toBe(404)
})

test('many at once are each answered', async () => {
  await start()
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, n) => exchange(gateway.port, direct(`{"ask":${n}}`))),
  )
  expect(answers.every((answer) => statusOf(answer) === 200)).toBe(true)
  expect(brought).toHaveLength(200)
})
