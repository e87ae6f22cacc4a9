import { BlockList, isIP, isIPv4 } from 'node:net'
import { err, ok, type Result } from '../../../shared/result.ts'
import { canonicalHost } from './host-name.ts'

/** Wider than this nobody allows on purpose. */
const WIDEST_BITS = 8

export const isRange = (pattern: string): boolean => pattern.includes('/')

/** The canonical form of `10.1.2.3/8` (`10.0.0.0/8`), or why there is none. */
export function parseRange(text: string): Result<string, string> {
  const [, base = '', bitsText = ''] = /^(.+)\/(\d{1,3})$/.exec(text) ?? []
  const address = canonicalHost(base)
  if (!address.ok || isIP(address.value) === 0) return err('a range is an address and /bits')
  const bits = Number(bitsText)
  const width = isIPv4(address.value) ? 32 : 128
  if (bits > width) return err(`a range of such addresses has at most ${width} bits`)
  const masked = mask(address.value, bits)
  return bits === width ? ok(masked) : ok(`${masked}/${bits}`)
}

export const isWideRange = (range: string): boolean => bitsOf(range) < WIDEST_BITS

export const bitsOf = (range: string): number => Number(range.split('/')[1] ?? 128)

/** `host` is canonical; a name is in no range. */
export function rangeCovers(range: string, host: string): boolean {
  const family = isIP(host)
  const parsed = parseRange(range)
  if (family === 0 || !parsed.ok) return false
  const [base = '', bits] = parsed.value.split('/')
  if (isIP(base) !== family) return false
  if (bits === undefined) return base === host
  const list = new BlockList()
  list.addSubnet(base, Number(bits), family === 4 ? 'ipv4' : 'ipv6')
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

/** The address with everything after the first bits zero, canonical again. */
function mask(address: string, bits: number): string {
  const groups = isIPv4(address) ? address.split('.').map(Number) : ipv6Bytes(address)
  const kept = groups.map((byte, index) => {
    const left = Math.min(8, Math.max(0, bits - index * 8))
    return byte & (0xff << (8 - left)) & 0xff
  })
  if (kept.length === 4) return kept.join('.')
  const words = Array.from({ length: 8 }, (_, n) =>
    (((kept[n * 2] ?? 0) << 8) | (kept[n * 2 + 1] ?? 0)).toString(16),
  )
  return new URL(`http://[${words.join(':')}]/`).hostname.slice(1, -1)
}

function ipv6Bytes(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const part = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const [front, back] = [part(head), tail === undefined ? [] : part(tail)]
  const middle = new Array<number>(8 - front.length - back.length).fill(0)
  return [...front, ...middle, ...back].flatMap((word) => [word >> 8, word & 0xff])
}
