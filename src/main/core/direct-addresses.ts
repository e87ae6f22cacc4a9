/**
 * Addresses that stand for names inside a sandbox (the benchmark range: nobody's on any network).
 * The first is the sandbox's own; see native/sandbox-network.c.
 */
export const DIRECT_BASE = (198 << 24) | (18 << 16)
export const DIRECT_SIZE = 2 ** 17

/** The name a probe asks for; nobody is told that it was. */
export const PROBE_NAME = 'cloche-probe.example.com'

/** Dotted IPv4 of the range, by its place in it. */
export function directAddress(place: number): string {
  const bits = (DIRECT_BASE + place) >>> 0
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.')
}

export const isDirectAddress = (address: string): boolean => /^198\.1[89]\.\d+\.\d+$/.test(address)
