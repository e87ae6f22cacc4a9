import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { python, runOutside } from '../helpers/outside.ts'
import { makeSharedPlace } from '../helpers/shared-place.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { type Place, runInside } from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'python3')

/** Everything that arrived at the machine, by the way it came. */
const arrived = { tcp: 0, udp: 0 }
const tcp = createServer((socket) => {
  arrived.tcp++
  socket.destroy()
})
const udp = createSocket('udp4')
let place: Place
let port: number

beforeAll(async () => {
  place = await makeSharedPlace()
  // On every address of the machine, of both families.
  await new Promise<void>((done) => tcp.listen(0, '::', done))
  const address = tcp.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  port = address.port
  await new Promise<void>((done) => udp.bind(port, '0.0.0.0', done))
  udp.on('message', () => arrived.udp++)
})
afterAll(async () => {
  tcp.close()
  udp.close()
  await place.dispose()
})

/** One that other machines could use; where there is none, another of the loopback's. */
const ownAddress = (): string =>
  Object.values(networkInterfaces())
    .flat()
    .find((item) => item && !item.internal && item.family === 'IPv4')?.address ?? '127.0.0.2'

const withSocket = (code: string): string[] => python(`import socket\n${code}`)
const overTcp = (address: string) =>
  withSocket(`socket.create_connection(('${address}', ${port}), 2).close()`)
const overUdp = (address: string) =>
  withSocket(
    `socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('${address}', ${port}))`,
  )

describe('no packet reaches the machine past the gateway', () => {
  test.each([
    ['tcp', 'IPv4 loopback', () => overTcp('127.0.0.1')],
    ['tcp', 'IPv6 loopback', () => overTcp('::1')],
    ['tcp', 'an own address', () => overTcp(ownAddress())],
    ['udp', 'IPv4 loopback', () => overUdp('127.0.0.1')],
    ['udp', 'an own address', () => overUdp(ownAddress())],
  ] as const)('%s to %s', async (kind, _, attempt) => {
    const before = arrived[kind]
    await runOutside(attempt())
    await expect.poll(() => arrived[kind]).toBe(before + 1)
    const { output } = await runInside(place, attempt())
    await new Promise((done) => setTimeout(done, 100))
    expect(arrived[kind], output).toBe(before + 1)
  })

  test('names are resolved by nobody inside', async () => {
    const { output } = await runInside(
      place,
      withSocket("socket.setdefaulttimeout(2); print(socket.getaddrinfo('example.test', 80))"),
    )
    expect(output).toMatch(/gaierror/)
  })
})
