import { DIRECT_SIZE, directAddress } from '../../core/direct-addresses.ts'

/** The first address of the range is the sandbox's own. */
const FIRST = 2

export interface DirectNames {
  /** The same name has the same address for as long as it is remembered. */
  addressOf(name: string): string
  /** null: no name was given this address, or it was too long ago. */
  nameOf(address: string): string | null
}

/**
 * Names of one sandbox and the addresses that stand for them. When all are given, the name that was
 * asked for longest ago loses its own: `capacity` bounds what a script can make the host remember.
 */
export function createDirectNames(capacity = DIRECT_SIZE - FIRST): DirectNames {
  /** In the order of the last question. */
  const addresses = new Map<string, string>()
  const names = new Map<string, string>()

  const take = (): string => {
    if (addresses.size < capacity) return directAddress(FIRST + addresses.size)
    const [oldest, address] = addresses.entries().next().value ?? ['', '']
    addresses.delete(oldest)
    return address
  }
  return {
    addressOf: (name) => {
      const address = addresses.get(name) ?? take()
      addresses.delete(name)
      addresses.set(name, address)
      names.set(address, name)
      return address
    },
    nameOf: (address) => names.get(address) ?? null,
  }
}
