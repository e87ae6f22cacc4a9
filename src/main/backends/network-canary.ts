import type { Server, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** An address of nobody's network (documentation) that the probe connects to. */
export const CANARY_ADDRESS = '192.0.2.1'

/**
 * How long a connection that the probe says it made may take to be accepted here: it goes through two
 * kernels where one is a machine's, whose emulated processor shares a busy computer.
 */
const ARRIVE_MS = 10_000
const PAUSE_MS = 5

/** What the host saw of a probe's attempt; `missing`: why it serves no direct connections. */
export type DirectSeen = { readonly arrived: number } | { readonly missing: string }

/** Sees a probe's own direct connections arrive, and ends them before anybody decides on them. */
export interface NetworkCanary {
  /** Before anything serves this listener. */
  watch(listener: Server): void
  /** There is no listener to watch. */
  miss(reason: string): void
  /** Until `end`, connections to the address are taken for the probe's. */
  look(): Look
}

export interface Look {
  /** Since the look began. Waits a little for a connection that `said` was made. */
  seen(said: string | undefined): Promise<DirectSeen>
  end(): void
}

/** `arriveMs`: for tests. */
export function createNetworkCanary(arriveMs = ARRIVE_MS): NetworkCanary {
  let arrived = 0
  let looks = 0
  let missing: string | null = null
  const accept = (socket: Socket): void => {
    if (looks === 0 || socket.localAddress !== CANARY_ADDRESS) return
    arrived++
    socket.destroy()
  }
  return {
    watch: (listener) => void listener.on('connection', accept),
    miss: (reason) => {
      missing = reason
    },
    look: () => {
      const before = arrived
      looks++
      return {
        seen: async (said) => {
          if (missing !== null) return { missing }
          const end = performance.now() + arriveMs
          while (said === 'connected' && arrived === before && performance.now() < end)
            await sleep(PAUSE_MS)
          return { arrived: arrived - before }
        },
        end: () => void looks--,
      }
    },
  }
}

const HEADER = 12
const RESPONSE = 0x80
const RECURSION_AND_NAME_ERROR = 0x83

/** Until the gateway answers itself, there is no such name: the probe asks for one. */
export function noSuchName(question: Uint8Array): Uint8Array | null {
  if (question.length < HEADER) return null
  const answer = Uint8Array.from(question)
  answer[2] = (answer[2] ?? 0) | RESPONSE
  answer[3] = RECURSION_AND_NAME_ERROR
  return answer
}
