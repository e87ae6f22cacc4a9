import { lookup } from 'node:dns/promises'
import { isIPv6, type Socket } from 'node:net'
import { DialledSocket } from './dialled-socket.ts'

/** Every address of a canonical name, in the order to try. Rejects when there is none. */
export type Resolve = (host: string) => Promise<readonly string[]>

/**
 * Starts connecting to one of `addresses` and nothing else. The socket emits `connect`, or `error`
 * when none of them answers; whoever called owns it.
 */
export type Dial = (addresses: readonly string[], port: number) => Socket

/**
 * The machine's own resolver. Lookups run on the runtime's few worker threads, which the host's
 * file access shares, so at most two are under way at a time however many a sandbox starts.
 */
export function createSystemResolve(): Resolve {
  const queue: (() => void)[] = []
  let running = 0
  const leave = (): void => {
    running--
    queue.shift()?.()
  }
  return async (host) => {
    if (running >= 2) await new Promise<void>((resolve) => queue.push(resolve))
    running++
    try {
      return (await lookup(host, { all: true, verbatim: true })).map((item) => item.address)
    } finally {
      leave()
    }
  }
}

/** Tries the addresses in turn, a second apart; the name itself is not looked up again. */
export const dialAddresses: Dial = (addresses, port) => {
  const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
  const [first] = found
  if (!first) throw new Error('no address to connect to')
  const shared = { port, keepAlive: true, keepAliveInitialDelay: 60_000 }
  const socket = new DialledSocket()
  if (found.length === 1) return socket.connect({ ...shared, host: first.address, noDelay: true })
  return socket.connect({
    ...shared,
    host: 'checked-addresses.invalid',
    noDelay: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 1_000,
    lookup: (_host, _options, done) => done(null, found),
  })
}
