import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import {
  CANARY_ADDRESS,
  createNetworkCanary,
  noSuchName,
} from '../../../src/main/backends/network-canary.ts'

/** Accepts as the kernel does in a sandbox: an accepted socket says the address that was dialled. */
async function listenerFor(address: string) {
  const listener = createServer()
  listener.prependListener('connection', (socket) =>
    Object.defineProperty(socket, 'localAddress', { value: address }),
  )
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  onTestFinished(() => void listener.close())
  const { port } = listener.address() as AddressInfo
  return { listener, dial: () => connect(port, '127.0.0.1').on('error', () => undefined) }
}

test('a connection of the probe is counted and ended, also when it comes after the word of it', async () => {
  const canary = createNetworkCanary()
  const look = canary.look()
  const { listener, dial } = await listenerFor(CANARY_ADDRESS)
  canary.watch(listener)
  const seen = look.seen('connected')
  const ended = once(dial().resume(), 'close')
  expect(await seen).toEqual({ arrived: 1 })
  await ended
  expect(await canary.look().seen('refused')).toEqual({ arrived: 0 })
})

test('what is said and never arrives is not counted', async () => {
  const canary = createNetworkCanary(50)
  expect(await canary.look().seen('connected')).toEqual({ arrived: 0 })
})

test.each([
  ['between two looks', CANARY_ADDRESS, false],
  ['to another address', '192.0.2.2', true],
])('a connection %s is the agent’s, and the gateway’s to decide', async (_, address, isLooking) => {
  const canary = createNetworkCanary()
  const look = canary.look()
  if (!isLooking) look.end()
  const { listener, dial } = await listenerFor(address)
  canary.watch(listener)
  const socket = dial()
  onTestFinished(() => void socket.destroy())
  const [accepted] = await once(listener, 'connection')
  expect(accepted.destroyed).toBe(false)
  accepted.destroy()
  expect(await look.seen('refused')).toEqual({ arrived: 0 })
})

test('why there is nothing to see is said instead', async () => {
  const canary = createNetworkCanary()
  canary.miss('no compiler')
  expect(await canary.look().seen('connected')).toEqual({ missing: 'no compiler' })
})

test('until somebody answers there is no such name, and a torso gets no answer', () => {
  const answer = noSuchName(Uint8Array.from([7, 8, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
  expect(answer?.slice(0, 4)).toEqual(Uint8Array.from([7, 8, 0x81, 0x83]))
  expect(noSuchName(new Uint8Array(11))).toBeNull()
})
