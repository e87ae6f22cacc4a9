import { canonicalHost } from '../core/policy/host-name.ts'
import type { Dial, Resolve } from './network.ts'

/**
 * Lets the person who starts the host send a name to a server of their own
 * (`api.example.test=127.0.0.1:4567,…`), as the end-to-end tests do. A mapped name resolves to a
 * documentation address that leads nowhere else; only dialling that address reaches the server.
 * What counts as forbidden is untouched: the sandbox still cannot name the server's real address.
 */
export function withMappedHosts(
  mapping: string,
  network: { readonly resolve: Resolve; readonly dial: Dial },
): { readonly resolve: Resolve; readonly dial: Dial } {
  const targets = new Map<string, { readonly host: string; readonly port: number }>()
  const addresses = new Map<string, string>()
  for (const entry of mapping.split(',').filter((item) => item.trim() !== '')) {
    const match = /^\s*([^=\s]+)=([0-9.]+):([0-9]+)\s*$/.exec(entry)
    const name = canonicalHost(match?.[1] ?? '')
    if (!match || !name.ok) throw new Error(`not a host mapping (name=address:port): ${entry}`)
    const address = `203.0.113.${addresses.size + 1}`
    addresses.set(name.value, address)
    targets.set(address, { host: match[2] ?? '', port: Number(match[3]) })
  }
  return {
    resolve: (host) => {
      const address = addresses.get(host)
      return address === undefined ? network.resolve(host) : Promise.resolve([address])
    },
    dial: (candidates, port) => {
      const target = targets.get(candidates[0] ?? '')
      return target ? network.dial([target.host], target.port) : network.dial(candidates, port)
    },
  }
}
