import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, beforeEach, describe, expect, onTestFinished } from 'vitest'
import { NARROW_ANSWER } from '../../src/shared/domain/policy.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, outputOf, pendingPrompts, startTestHost, type TestHost } from '../helpers/host.ts'
import { runOutside } from '../helpers/outside.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

const test = requireCapability('bubblewrap', 'direct connections', 'python3', 'curl')

const NAME = 'api.example.test'
/** No variable of ours tells the program of a proxy. */
const BARE =
  'env -u HTTP_PROXY -u HTTPS_PROXY -u ALL_PROXY -u http_proxy -u https_proxy -u all_proxy'

let host: TestHost
let connection: Connection
let server: Server
let received: string[]

beforeEach(async () => {
  received = []
  server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      received.push(data.toString())
      socket.end('HTTP/1.0 200 OK\r\ncontent-length: 11\r\n\r\nit answers\n')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  host = await startTestHost({
    hosts: { [NAME]: `127.0.0.1:${(server.address() as AddressInfo).port}` },
  })
  connection = await host.connect()
})
afterEach(async () => {
  await host.dispose()
  server.close()
})

async function start(script: string, grants: string[] = []) {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, `sh -c '${script}'`),
    grants,
  })
  if (!created.ok) throw failure(created.error)
  const session = created.value
  const followed = follow(connection, session.id)
  return {
    ...followed,
    session,
    /** What it wrote, once it ended. */
    text: async (): Promise<string> => {
      await expect.poll(() => followed.state().session?.status).toBe('ended')
      return outputOf(connection, session.id)
    },
  }
}

const python = (code: string): string => `python3 -c "${code.replaceAll('\n', '; ')}"`
const CONNECT = `import socket as s
c=s.create_connection((\\"${NAME}\\",7777),20)
c.sendall(b\\"GET / raw\\")
print(\\"got\\",c.recv(99))`

describe('a program that knows nothing of proxies', () => {
  test('is held, attributed, decided by its name, and counted', async () => {
    const pending = pendingPrompts(connection)
    const run = await start(python(CONNECT))
    await expect.poll(() => pending.list.length).toBe(1)
    const [request] = pending.list
    expect(request).toMatchObject({
      destination: { host: NAME, port: 7777, protocol: 'direct' },
      requester: { process: { name: 'python3' } },
    })
    expect(received).toEqual([])
    await connection.api.prompt.answer({
      ...{ promptId: request!.id, action: 'allow', lifetime: 'once', ...NARROW_ANSWER },
    })
    expect(await run.text()).toContain('it answers')
    expect(received).toEqual(['GET / raw'])
    expect([...run.state().network.values()]).toMatchObject([
      { destination: { host: NAME }, state: 'closed', bytesUp: 9 },
    ])
    expect(run.events).toContainEqual(
      expect.objectContaining({ fact: { type: 'net/resolved', name: NAME } }),
    )
  })

  const dial = (socket: string, address: string): string =>
    python(`import socket as s
c=s.socket(${socket})
c.settimeout(20)
c.connect((\\"${address}\\",7777))
c.sendall(b\\"GET / raw\\")
print(\\"got\\",c.recv(99))`)

  test('is known even when it is gone before anybody looks', async () => {
    const one = `bash -c ": >/dev/tcp/${NAME}/7777" gone-$i`
    const run = await start(`for i in $(seq 40); do ${one}; done`)
    await run.text()
    const asked = run.events.flatMap(({ fact }) => (fact.type === 'net/requested' ? [fact] : []))
    expect(asked.map(({ requester }) => requester?.process.argv.at(-1)).sort()).toEqual(
      Array.from({ length: 40 }, (_, i) => `gone-${i + 1}`).sort(),
    )
  })

  test.each([
    ['over multipath TCP', dial('s.AF_INET,s.SOCK_STREAM,262', NAME), NAME],
    ['over IPv6', dial('s.AF_INET6', '2001:db8::5'), '2001:db8::5'],
    ['to IPv4 by an IPv6 socket', dial('s.AF_INET6', '::ffff:203.0.113.5'), '203.0.113.5'],
    [
      'from an address it made up',
      python(`import socket as s
c=s.create_connection((\\"${NAME}\\",7777),20,(\\"203.0.113.9\\",7000))
print(\\"got\\",c.recv(99))`),
      NAME,
    ],
  ])('is known by its process %s', async (_, command, dialled) => {
    const pending = pendingPrompts(connection)
    const run = await start(command)
    await expect.poll(() => pending.list.length).toBe(1)
    expect(pending.list[0]).toMatchObject({
      destination: { host: dialled, port: 7777, protocol: 'direct' },
      requester: { process: { name: 'python3' } },
    })
    await connection.api.session.stop({ id: run.session.id })
    expect(await run.text()).not.toContain('got')
    expect(received).toEqual([])
  })

  test('is reset when it is denied', async () => {
    const pending = pendingPrompts(connection)
    const run = await start(python(CONNECT))
    await expect.poll(() => pending.list.length).toBe(1)
    await connection.api.prompt.answer({
      ...{ promptId: pending.list[0]!.id, action: 'deny', lifetime: 'once', ...NARROW_ANSWER },
    })
    expect(await run.text()).toContain('ConnectionResetError')
    expect(received).toEqual([])
  })

  test.each([
    ['curl', `curl -sS --noproxy "*" --max-time 20 http://${NAME}/`],
    ['Node', `${BARE} node -e "fetch(\\"http://${NAME}/\\").then(r=>r.text()).then(console.log)"`],
    ['bash', `bash -c "exec 3<>/dev/tcp/${NAME}/80; echo GET >&3; cat <&3"`],
  ])('%s reaches an allowed host as if there were no wall', async (_, command) => {
    const run = await start(command, [NAME])
    expect(await run.text()).toContain('it answers')
    expect([...run.state().network.values()]).toMatchObject([
      { destination: { host: NAME, port: 80, protocol: 'direct' }, state: 'closed' },
    ])
  })

  test('loses its connection when the rule that allowed it is revoked', async () => {
    const run = await start(
      python(`import socket as s
c=s.create_connection((\\"${NAME}\\",80),20)
print(\\"open\\",flush=True)
print(\\"end\\",c.recv(9))`),
      [NAME],
    )
    await expect.poll(() => [...run.state().network.values()][0]?.state).toBe('open')
    const rules: string[] = []
    connection.api.rule.list(null, (frame) => {
      if (frame.type === 'snapshot') rules.push(...frame.state.map(({ id }) => id))
    })
    await expect.poll(() => rules.length).toBe(1)
    await connection.api.rule.remove({ id: rules[0] as never })
    expect(await run.text()).toMatch(/end b''|ConnectionResetError/)
  })
})

describe('nothing goes past the gateway', () => {
  /** Of this machine, not its loopback; a machine without one is reached by no other way either. */
  const own = Object.values(networkInterfaces())
    .flatMap((items) => items ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)

  test('services of the machine, the metadata service and private networks are refused', async () => {
    const seen: string[] = []
    const everywhere = createServer((socket) => {
      seen.push(socket.remoteAddress ?? '')
      socket.end()
    })
    everywhere.listen(0, '0.0.0.0')
    await once(everywhere, 'listening')
    onTestFinished(() => void everywhere.close())
    const { port } = everywhere.address() as AddressInfo
    const targets = [...own, '169.254.169.254', '198.18.77.7']
    const attempt = (address: string): string =>
      `(exec 3<>/dev/tcp/${address}/${port}) 2>/dev/null && echo reached; `
    const control = own[0] ?? '127.0.0.1'
    expect(await runOutside(['/bin/bash', '-c', attempt(control)])).toContain('reached')
    await expect.poll(() => seen.length).toBe(1)

    const run = await start(`bash -c "${targets.map(attempt).join(' ')} sleep 1"`)
    await run.text()
    expect(seen).toHaveLength(1)
    const decided = [...run.state().network.values()].map((item) => [
      item.destination.host,
      item.decision?.by.kind,
    ])
    expect(decided.sort()).toEqual(
      [...own, '169.254.169.254'].map((address) => [address, 'boundary']).sort(),
    )
    // An address of the resolver's that it gave to no name.
    expect(run.events.filter(({ fact }) => fact.type === 'net/malformed')).toHaveLength(1)
  })

  test('datagrams are refused at once, and none arrives', async () => {
    const socket = createSocket('udp4')
    const got: string[] = []
    socket.on('message', (bytes) => got.push(bytes.toString()))
    socket.bind(0, '0.0.0.0')
    await once(socket, 'listening')
    onTestFinished(() => void socket.close())
    const { port } = socket.address()
    const address = own[0] ?? '127.0.0.1'
    const send = (word: string): string =>
      `import socket as s
u=s.socket(s.AF_INET,s.SOCK_DGRAM)
u.settimeout(5)
u.connect((\\"${address}\\",${port}))
u.send(b\\"${word}\\")
u.recv(9)`
    await runOutside(['/bin/sh', '-c', `timeout 1 ${python(send('control'))}`])
    await expect.poll(() => got).toEqual(['control'])
    const run = await start(python(send('inside')))
    expect(await run.text()).toContain('ConnectionRefusedError')
    expect(got).toEqual(['control'])
    await expect
      .poll(() => run.events.map(({ fact }) => fact))
      .toContainEqual({ type: 'net/datagrams', count: 1 })
  })

  test('names are answered inside by stand-ins, and no other resolver is reached', async () => {
    const run = await start(
      [
        'getent hosts some.name.example; getent hosts app.localhost; getent hosts 198.18.0.2',
        python(`import socket as s
u=s.socket(s.AF_INET,s.SOCK_DGRAM)
u.settimeout(5)
u.connect((\\"8.8.8.8\\",53))
u.send(b\\"question\\")
u.recv(9)`),
      ].join('; '),
    )
    const text = await run.text()
    expect(text).toMatch(/198\.18\.0\.2\s+some\.name\.example/)
    expect(text).toMatch(/127\.0\.0\.1\s+app\.localhost/)
    expect(text.match(/some\.name\.example/g)).toHaveLength(2)
    expect(text).toContain('ConnectionRefusedError')
    expect([...run.state().network.values()]).toEqual([])
  })

  test('the ways of the gateway cannot be taken, undone or used as a place of their own', async () => {
    const take = (kind: string, address: string, port: number): string =>
      python(`import socket as s
x=s.socket(s.AF_INET,s.${kind})
x.setsockopt(s.SOL_SOCKET,s.SO_REUSEADDR,1)
x.setsockopt(s.SOL_SOCKET,s.SO_REUSEPORT,1)
x.bind((\\"${address}\\",${port}))
print(\\"taken\\")`)
    const run = await start(
      [
        take('SOCK_DGRAM', '127.0.0.1', 53),
        take('SOCK_STREAM', '127.0.0.1', 3129),
        take('SOCK_STREAM', '127.0.0.1', 3128),
        `ip route flush table all 2>&1 | head -1`,
        `ip addr flush dev lo 2>&1 | head -1`,
        `bash -c "exec 3<>/dev/tcp/127.0.0.1/3129; cat <&3"`,
        `curl -sS --noproxy "*" --max-time 5 http://203.0.113.77:9/`,
      ].join('; '),
    )
    const pending = pendingPrompts(connection)
    await expect.poll(() => pending.list.length).toBe(1)
    expect(pending.list[0]!.destination).toMatchObject({ host: '203.0.113.77', protocol: 'direct' })
    await connection.api.session.stop({ id: run.session.id })
    const text = await run.text()
    expect(text).not.toContain('taken')
    expect(run.events).toContainEqual(
      expect.objectContaining({
        fact: expect.objectContaining({
          type: 'net/malformed',
          reason: 'nothing is served at this port',
          requester: expect.objectContaining({ process: expect.anything() }),
        }),
      }),
    )
  })

  test('a probe of a running session leaves no trace in its network', async () => {
    const run = await start('sleep 30')
    const probed = await connection.api.session.probe({ id: run.session.id })
    if (!probed.ok) throw new Error(probed.error.type)
    const network = probed.value.find(({ axis }) => axis === 'network')
    expect(network?.proven).toBe('enforced')
    expect(network?.evidence).toContainEqual({
      attempt: 'Connect to an address without a proxy',
      outcome: 'it arrived at the gateway',
      verdict: 'held',
    })
    expect([...run.state().network.values()]).toEqual([])
    const asked = run.events.filter(({ fact }) => fact.type === 'net/resolved')
    expect(asked).toEqual([])
  })

  test('the address a probe uses is decided like every other when the agent uses it', async () => {
    const pending = pendingPrompts(connection)
    const run = await start('bash -c "exec 3<>/dev/tcp/192.0.2.1/80; cat <&3"')
    await expect.poll(() => pending.list.length).toBe(1)
    expect(pending.list[0]!.destination).toMatchObject({ host: '192.0.2.1', protocol: 'direct' })
    await connection.api.session.stop({ id: run.session.id })
  })
})
