import type { Log } from '../../core/ports.ts'
import type { ContainerNetwork } from './network-container.ts'

/** Milliseconds after which one that nobody took is given back. */
const IDLE_MS = 10 * 60_000
/** The start that took the last one goes first. */
const AFTER_MS = 500

/** One network in advance: making it is half of a start, and it belongs to no session yet. */
export interface NetworkPool {
  /** `key` says what `make` makes; a network made for another is not given. The caller disposes. */
  take(key: string, make: () => Promise<ContainerNetwork>): Promise<ContainerNetwork>
  close(): Promise<void>
}

export function createNetworkPool(keepsOne: boolean, log: Log): NetworkPool {
  let spare: { readonly key: string; readonly network: ContainerNetwork } | null = null
  let timer: NodeJS.Timeout | null = null
  let isClosed = false

  const dispose = (network: ContainerNetwork): Promise<void> =>
    network
      .dispose()
      .catch((cause: unknown) => log.warn('a network that was kept was not removed', cause))
  const drop = async (): Promise<void> => {
    const old = spare
    spare = null
    if (old) await dispose(old.network)
  }
  const after = (ms: number, work: () => Promise<void>): void => {
    if (timer) clearTimeout(timer)
    timer = setTimeout(() => void work(), ms)
    timer.unref()
  }
  const refill = async (key: string, make: () => Promise<ContainerNetwork>): Promise<void> => {
    if (spare || isClosed) return
    try {
      const network = await make()
      if (spare || isClosed) return await dispose(network)
      spare = { key, network }
      after(IDLE_MS, drop)
    } catch (cause) {
      log.warn('no network could be made in advance', cause)
    }
  }

  return {
    take: async (key, make) => {
      const kept = spare?.key === key && !spare.network.isOver() ? spare.network : null
      if (kept) spare = null
      else await drop()
      if (keepsOne) after(AFTER_MS, () => refill(key, make))
      return kept ?? make()
    },
    close: async () => {
      isClosed = true
      if (timer) clearTimeout(timer)
      await drop()
    },
  }
}
