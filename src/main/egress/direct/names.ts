import { DIRECT_SIZE, directAddress } from '../../core/direct-addresses.ts'

/** The first address of the range is the sandbox's own. */
const FIRST = 2

/** How long a program may keep an answer; until then its address stays that name's. */
export const NAME_TTL_S = 60

export interface DirectNames {
  /**
   * The same name has the same address for as long as it is remembered. null: all are given to
   * names that were asked for less than `NAME_TTL_S` ago.
   */
  addressOf(name: string): string | null
  /** null: no name was given this address. */
  nameOf(address: string): string | null
}

export interface DirectNamesOptions {
  /** Names remembered at once: bounds what a script can make the host remember. */
  readonly capacity?: number
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number
}

/**
 * Names of one sandbox and the addresses that stand for them. When all are given, the name that was
 * asked for longest ago loses its own, but never while somebody may still keep the answer: no
 * address leads to another name than the one it was given for.
 */
export function createDirectNames({
  capacity = DIRECT_SIZE - FIRST,
  now = () => performance.now(),
}: DirectNamesOptions = {}): DirectNames {
  /** In the order of the last question. */
  const given = new Map<string, { readonly address: string; readonly atMs: number }>()
  const names = new Map<string, string>()

  const take = (): string | null => {
    if (given.size < capacity) return directAddress(FIRST + given.size)
    const [oldest] = given
    if (!oldest || now() - oldest[1].atMs <= NAME_TTL_S * 1000) return null
    given.delete(oldest[0])
    return oldest[1].address
  }
  return {
    addressOf: (name) => {
      const address = given.get(name)?.address ?? take()
      if (address === null) return null
      given.delete(name)
      given.set(name, { address, atMs: now() })
      names.set(address, name)
      return address
    },
    nameOf: (address) => names.get(address) ?? null,
  }
}
