import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { failure } from '../helpers/failure.ts'
import { python } from '../helpers/outside.ts'
import type { Sandbox } from '../../src/main/core/ports.ts'
import { LEVEL, onlyInOs } from '../helpers/level.ts'
import { type Running, startRunning } from '../helpers/shared-place.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { makePlace, type Place, startSandbox, testBackend } from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'direct connections', 'python3')

let place: Place
/** What takes seconds to start, is started once for all tests. */
let running: Running | null = null
let arrived: string[] = []
beforeAll(async () => {
  place = await makePlace()
  if (LEVEL === 'os') return
  running = await startRunning(place)
  watch(running.sandbox)
})
afterAll(async () => {
  await running?.end()
  await place.dispose()
})

function watch({ network }: Sandbox): void {
  const accept = (socket: Socket): void => {
    arrived.push(`${socket.localAddress} ${socket.localPort}`)
    socket.on('error', () => undefined)
    socket.end('here')
  }
  for (const listener of network?.direct?.listeners ?? []) listener.on('connection', accept)
}

/** What a program wrote, and the ends of its connections as this process accepted them. */
async function runWatched(code: string): Promise<{ output: string; arrived: string[] }> {
  arrived = []
  if (running) return { ...(await running.run(python(code))), arrived }
  const { sandbox, terminal } = await startSandbox(place, python(code))
  if (!sandbox.ok) throw failure(sandbox.error, terminal.output())
  watch(sandbox.value)
  await sandbox.value.release()
  await terminal.exited
  await sandbox.value.destroy()
  return { output: terminal.output(), arrived }
}

const DIAL = `
import socket
def dial(address, port):
    try:
        with socket.create_connection((address, port), 5) as c: return c.recv(9).decode() or 'nothing'
    except OSError as cause: return type(cause).__name__ + ' ' + str(cause)
`

const ownAddresses = Object.values(networkInterfaces())
  .flatMap((items) => items ?? [])
  .filter(({ family, internal }) => family === 'IPv4' && !internal)
  .map(({ address }) => address)

describe('connections that programs make themselves', () => {
  test('each arrives at this process as dialled, whatever the address', async () => {
    const dialled: [address: string, expected?: string][] = [
      ...ownAddresses.map((address): [string] => [address]),
      ['93.184.216.34'],
      ['10.0.0.1'],
      ['172.17.0.1'],
      ['192.168.1.1'],
      ['169.254.169.254'],
      ['100.100.100.200'],
      ['198.18.77.7'],
      ['192.0.2.1'],
      ['2001:db8::5'],
      ['fd00:ec2::254'],
      ['64:ff9b::a00:1'],
      ['::ffff:10.1.2.3', '10.1.2.3'],
    ]
    const calls = dialled.map(([address], i) => `print(dial('${address}', ${2000 + i}))`)
    const { output, arrived } = await runWatched(DIAL + calls.join('\n'))
    expect(output.trim().split(/\s+/)).toEqual(dialled.map(() => 'here'))
    expect(arrived).toEqual(
      dialled.map(([address, expected], i) => `${expected ?? address} ${2000 + i}`),
    )
  })

  // Not one port for all: in one sandbox the last end of a connection keeps it for a minute.
  test.each([
    ['127.0.0.1', 8080],
    ['127.9.9.9', 8180],
    ['0.0.0.0', 8280],
    ['::1', 8380],
  ])('%s stays inside, where programs serve each other', async (address, port) => {
    const serve = `
s = socket.socket(socket.AF_INET6 if ':' in '${address}' else socket.AF_INET)
s.bind(('${address}', ${port})); s.listen()
c = socket.create_connection(('${address}', ${port}), 5)
s.accept()[0].sendall(b'inside'); print(c.recv(9), dial('${address}', ${port + 1}))`
    const { output, arrived } = await runWatched(DIAL + serve)
    expect(output).toContain("b'inside' ConnectionRefusedError")
    expect(arrived).toEqual([])
  })

  test('a program that takes a foreign address gets no connection to it', async () => {
    const { output, arrived } = await runWatched(`${DIAL}
s = socket.socket()
s.bind(('93.184.216.34', 8443)); s.listen(); s.setblocking(False)
print(dial('93.184.216.34', 8443))
try: s.accept(); print('taken')
except BlockingIOError: print('nobody came')`)
    expect(output).toMatch(/here\s+nobody came/)
    expect(arrived).toEqual(['93.184.216.34 8443'])
  })

  test.each([
    ['datagrams', 'socket.SOCK_DGRAM, 0', '93.184.216.34', 'ConnectionRefusedError'],
    ['datagrams over IPv6', 'socket.SOCK_DGRAM, 0', '2001:db8::5', 'ConnectionRefusedError'],
    ['UDP-Lite', 'socket.SOCK_DGRAM, 136', '93.184.216.34', 'Error'],
    ['SCTP', 'socket.SOCK_STREAM, 132', '93.184.216.34', 'Error'],
    ['DCCP', '6, 33', '93.184.216.34', 'Error'],
    ['ping', 'socket.SOCK_DGRAM, 1', '93.184.216.34', 'PermissionError'],
    ['raw packets', 'socket.SOCK_RAW, 255', '93.184.216.34', 'PermissionError'],
  ])('%s go nowhere, and the program learns it at once', async (_, kind, address, refusal) => {
    const { output, arrived } = await runWatched(`
import socket, time
start = time.monotonic()
try:
    s = socket.socket(socket.AF_INET6 if ':' in '${address}' else socket.AF_INET, ${kind})
    s.settimeout(5); s.connect(('${address}', 443)); s.send(b'x'); print('got', s.recv(9))
except OSError as cause: print(type(cause).__name__, cause)
print('quick' if time.monotonic() - start < 1 else 'slow')`)
    expect(output).toContain(refusal)
    expect(output).toContain('quick')
    expect(output).not.toContain('got')
    expect(arrived).toEqual([])
  })
})

onlyInOs(test, 'another wall is not started then')(
  'without the program for it there is no way out, and the evidence says so',
  async () => {
    const backend = testBackend(undefined, {}, undefined, '/nowhere/sandbox-network')
    const code = `${DIAL}print(dial('93.184.216.34', 80))`
    const { sandbox, terminal } = await startSandbox(place, python(code), {}, backend)
    if (!sandbox.ok) throw failure(sandbox.error, terminal.output())
    expect(sandbox.value.network?.direct).toBeNull()
    const network = sandbox.value.axes.find(({ axis }) => axis === 'network')
    expect(network?.proven).toBe('enforced')
    expect(network?.evidence).toContainEqual({
      attempt: 'Serve programs that know no proxy',
      outcome: 'they have no way out here: sandbox-network is not there',
      verdict: 'held',
    })
    await sandbox.value.release()
    await terminal.exited
    await sandbox.value.destroy()
    expect(terminal.output()).toContain('Network is unreachable')
  },
)
