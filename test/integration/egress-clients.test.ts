import type { Server } from 'node:http'
import { plainStarter } from '../../src/main/backends/program-starter.ts'
import { createServer as createTlsServer } from 'node:https'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest'
import type { EgressOptions } from '../../src/main/core/egress-port.ts'
import { createSocketFinder } from '../../src/main/backends/socket-finder.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { SOCKETS_PROGRAM } from '../helpers/sandbox.ts'
import { makeCertificate } from './certificate.ts'
import {
  ALLOW,
  DENY,
  httpServer,
  listen,
  startGateway,
  type TestGateway,
  until,
} from './egress-harness.ts'
import { startNamespace, type TestNamespace } from './namespace-harness.ts'

// Real programs in a network namespace of their own, whose only way out is the gateway.

const test = requireCapability('namespaces', 'curl', 'openssl')
const PORT = 3128
const PROXY = `http://127.0.0.1:${PORT}`
type Decide = EgressOptions['decide']

let space: TestNamespace
let listener: Awaited<ReturnType<TestNamespace['listen']>>
let plain: Server
let tls: Awaited<ReturnType<typeof makeTls>>
let gateway: TestGateway
let decide: Decide

async function makeTls() {
  const certificate = await makeCertificate('secure.example.test')
  return listen(createTlsServer(certificate, (_, response) => response.end('over tls')))
}

beforeAll(async () => {
  plain = await httpServer((request, response) => response.end(`plain ${request.url}`))
  tls = await makeTls()
})
afterAll(() => {
  plain.closeAllConnections()
  tls.closeAllConnections()
  plain.close()
  tls.close()
})
beforeEach(async () => {
  decide = () => Promise.resolve(ALLOW)
  space = await startNamespace()
  listener = await space.listen(PORT)
  gateway = await startGateway({
    listener,
    rootPid: space.rootPid,
    hosts: { 'plain.example.test': plain, 'secure.example.test': tls },
    decide: (request) => decide(request),
  })
})
afterEach(async () => {
  await gateway.close()
  await space.end()
})

const fetchWith = (source: string): string =>
  `'${process.execPath}' -e '${source.replaceAll('\n', ' ')}'`

/** Node's own client, CONNECT by hand: it puts the proxy's address in the Host header. */
const NODE_CLIENT = `
  const http = require("http"), https = require("https"), tls = require("tls");
  http.request({ host: "127.0.0.1", port: ${PORT}, method: "CONNECT", path: "secure.example.test:443" })
    .on("connect", (answer, socket) => {
      if (answer.statusCode !== 200) { console.log("refused", answer.statusCode); process.exit(3) }
      const createConnection = () => tls.connect({ socket, servername: "secure.example.test", rejectUnauthorized: false });
      https.get({ host: "secure.example.test", createConnection },
        (r) => r.pipe(process.stdout).on("finish", () => process.exit(0)));
    }).end()`

describe('clients that are allowed', () => {
  test.each([
    ['curl, plain HTTP', `curl -sS -x ${PROXY} http://plain.example.test/a`, 'plain /a'],
    ['curl, CONNECT', `curl -sSk -x ${PROXY} https://secure.example.test/`, 'over tls'],
    [
      'curl, SOCKS5 with the name',
      `curl -sSk -x socks5h://127.0.0.1:${PORT} https://secure.example.test/`,
      'over tls',
    ],
    ['curl, variables', `HTTPS_PROXY=${PROXY} curl -sSk https://secure.example.test/`, 'over tls'],
    ['node', fetchWith(NODE_CLIENT), 'over tls'],
  ])('%s', async (_, command, expected) => {
    const result = await space.run(command)
    expect(result).toEqual({ out: expected, code: 0 })
    await until(() => gateway.factsOf('net/closed').length === 1, 'the connection closed')
    expect(gateway.facts.map((fact) => fact.type)).toEqual([
      ...['net/requested', 'net/decided', 'net/opened'],
      command.includes('http://plain') ? 'net/exchange' : 'net/carried',
      'net/closed',
    ])
  })
})

const FINDERS = [
  { by: 'the kernel’s exact answer', program: SOCKETS_PROGRAM },
  { by: 'the kernel’s tables, where the program is missing', program: '/nowhere' },
  { by: 'the kernel’s tables, where the program fails', program: '/bin/false' },
]

test.each(FINDERS)('who asked is named with its chain, by $by', async ({ program }) => {
  await gateway.close()
  listener = await space.listen(PORT)
  const sockets = await createSocketFinder({
    starter: plainStarter,
    program,
    pid: space.rootPid,
    proxyPort: 0,
  })
  gateway = await startGateway({
    ...{ listener, sockets, rootPid: space.rootPid },
    hosts: { 'secure.example.test': tls },
  })
  await space.run(`sh -c 'curl -sSk -x ${PROXY} https://secure.example.test/; true'`)
  const [fact] = gateway.factsOf('net/requested')
  expect(fact?.requester?.process).toMatchObject({ name: 'curl' })
  expect(fact?.requester?.process.argv).toContain('https://secure.example.test/')
  const ancestors = fact?.requester?.ancestors ?? []
  expect(ancestors.map(({ name }) => name)).toEqual(['sh', 'sh'])
  expect(ancestors.at(-1)?.pid).toBe(space.rootPid)
})

const LOOPBACK = Buffer.from([127, 0, 0, 1])
/** No connection; the gateway’s own listener has one end of it. */
const NONE = { own: LOOPBACK, ownPort: PORT, other: LOOPBACK, otherPort: 1 }

test('whoever says what it wants and is gone at once is known all the same', async () => {
  await gateway.close()
  listener = await space.listen(PORT)
  const sockets = await createSocketFinder({
    ...{ starter: plainStarter, program: SOCKETS_PROGRAM, pid: space.rootPid, proxyPort: PORT },
  })
  gateway = await startGateway({ listener, sockets, rootPid: space.rootPid })
  await sockets.inodes([NONE])
  const say = `exec 3<>/dev/tcp/127.0.0.1/${PORT}; printf 'CONNECT a.example:443 HTTP/1.1\\r\\nHost: a.example:443\\r\\n\\r\\n' >&3`
  await space.run(`for i in $(seq 100); do bash -c "${say}" client-$i; done`)
  await until(() => gateway.factsOf('net/requested').length === 100, 'all hundred were seen')
  const names = gateway.factsOf('net/requested').map(({ requester }) => requester?.process.argv[3])
  expect(names.sort()).toEqual(Array.from({ length: 100 }, (_, i) => `client-${i + 1}`).sort())
})

test('a socket that only listens is nobody’s connection, and a finder that is gone says so', async () => {
  const sockets = await createSocketFinder({
    starter: plainStarter,
    program: SOCKETS_PROGRAM,
    pid: space.rootPid,
    proxyPort: 0,
  })
  expect(await sockets.inodes([NONE, NONE])).toEqual([null, null])
  sockets.close()
  await expect(sockets.inodes([NONE])).rejects.toThrow('it was closed')
})

test('each of many at once is named as itself', async () => {
  const names = Array.from({ length: 20 }, (_, i) => i)
  const commands = names.map(
    (i) => `curl -sS -x ${PROXY} http://plain.example.test/${i} -o /dev/null &`,
  )
  await space.run(`${commands.join(' ')} wait`)
  await until(() => gateway.factsOf('net/closed').length === 20, 'all closed')
  const argvs = gateway
    .factsOf('net/requested')
    .map((fact) => fact.requester?.process.argv.find((item) => item.startsWith('http://plain')))
  expect(argvs.sort()).toEqual(names.map((i) => `http://plain.example.test/${i}`).sort())
})

test('one is held and then allowed while another is denied', async () => {
  let allow: () => void = () => undefined
  decide = ({ destination }) =>
    destination.host === 'secure.example.test'
      ? new Promise((resolve) => {
          allow = () => resolve(ALLOW)
        })
      : Promise.resolve(DENY)
  const running = space.run(
    `curl -sSk -x ${PROXY} https://secure.example.test/ -o /tmp/held-$$ & ` +
      `curl -sS -x ${PROXY} -w '|%{http_code}' http://plain.example.test/; ` +
      `curl -sSk -x ${PROXY} https://plain.example.test/; echo "code $?"; ` +
      'wait; cat /tmp/held-$$; rm /tmp/held-$$',
  )
  await until(() => gateway.factsOf('net/decided').length === 2, 'two were denied')
  expect(gateway.factsOf('net/opened')).toEqual([])
  allow()
  const { out } = await running
  expect(out).toContain('Cloche refused plain.example.test:80: a rule denies it (rul_00000001).')
  expect(out).toContain('|403')
  expect(out).toContain('code 56')
  expect(out.endsWith('over tls')).toBe(true)
})

describe('there is no other way out', () => {
  test.each([
    [
      'this machine through the proxy',
      `curl -sS -o /dev/null -w '%{http_code}' -x ${PROXY} http://localhost:`,
      '403',
    ],
    [
      'this machine by number',
      `curl -sS -o /dev/null -w '%{http_code}' -x ${PROXY} http://127.0.0.1:`,
      '403',
    ],
    [
      'this machine directly',
      `curl -sS -o /dev/null -w '%{http_code}' --noproxy '*' http://127.0.0.1:`,
      '000',
    ],
  ])('to %s', async (_, command, code) => {
    const { port } = plain.address() as { port: number }
    // Positive control: the server is there, and the same client reaches it by its mapped name.
    expect((await space.run(`curl -sS -x ${PROXY} http://plain.example.test/`)).out).toBe('plain /')
    expect((await space.run(`${command}${port}/`)).out).toContain(code)
  })

  test('a name cannot be resolved inside', async () => {
    expect((await space.run('getent hosts plain.example.test')).code).not.toBe(0)
  })
})

test('when the sandbox ends, so do its connections', async () => {
  decide = () => new Promise(() => undefined)
  void space.run(`curl -sSk -x ${PROXY} https://secure.example.test/`).catch(() => undefined)
  await until(() => gateway.asked.length === 1, 'somebody was asked')
  await space.end()
  await until(() => gateway.factsOf('net/decided').length === 1, 'the question was withdrawn')
  expect(gateway.factsOf('net/decided')).toMatchObject([{ decision: { action: 'deny' } }])
})
