import type { Log } from '../../core/ports.ts'
import type { ContainerNetwork } from './network-container.ts'

/** Milliseconds after which one that nobody took is given back. */
const IDLE_MS = 10 * 60_000
/** The start that took the last one goes first. */
const AFTER_MS = 250

/** One network in advance: making it is half of a start, and it belongs to no session yet. */
export interface NetworkPool {
  /** `key` says what `make` makes; a network made for another is not given. The caller disposes. */
  take(key: string, make: () => Promise<ContainerNetwork>): Promise<ContainerNetwork>
  close(): Promise<void>
}

interface Spare {
  readonly key: string
  /** null: it could not be made. */
  readonly making: Promise<ContainerNetwork | null>
}

export function createNetworkPool(keepsOne: boolean, log: Log): NetworkPool {
  let spare: Spare | null = null
  let timer: NodeJS.Timeout | null = null
  let isClosed = false

  const drop = async (): Promise<void> => {
    const old = spare
    spare = null
    const network = await old?.making
    await network
      ?.dispose()
      .catch((cause: unknown) => log.warn('a network that was kept was not removed', cause))
  }
  const after = (ms: number, work: () => void): void => {
    if (timer) clearTimeout(timer)
    timer = setTimeout(work, ms)
    timer.unref()
  }
  const refill = (key: string, make: () => Promise<ContainerNetwork>): void => {
    if (spare || isClosed) return
    const making = make().catch((cause: unknown) => {
      log.warn('no network could be made in advance', cause)
      return null
    })
    spare = { key, making }
    after(IDLE_MS, () => void drop())
  }
  /** One that is still being made is waited for: two at a time only hinder each other. */
  const takeSpare = async (key: string): Promise<ContainerNetwork | null> => {
    if (spare?.key === key) {
      const { making } = spare
      spare = null
      const network = await making
      if (network && !network.isOver()) return network
      await network?.dispose()
    } else await drop()
    return null
  }

  return {
    take: async (key, make) => {
      const kept = await takeSpare(key)
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
