/** RFC 3492, decoding only: host names arrive in ASCII and are dialled so. */
const BASE = 36
const T_MIN = 1
const T_MAX = 26
const SKEW = 38
const DAMP = 700

/** null: not a well-formed label. */
function decodeLabel(ascii: string): string | null {
  const dash = ascii.lastIndexOf('-')
  const output = [...ascii.slice(0, Math.max(0, dash))].map((char) => char.codePointAt(0)!)
  let code = 128
  let at = 0
  let bias = 72
  for (let index = dash + 1; index < ascii.length; ) {
    const start = at
    for (let weight = 1, k = BASE; ; k += BASE) {
      const digit = digitOf(ascii.charCodeAt(index++))
      if (digit === null) return null
      at += digit * weight
      const threshold = Math.min(Math.max(k - bias, T_MIN), T_MAX)
      if (digit < threshold) break
      weight *= BASE - threshold
      if (weight > 0x7fff_ffff || at > 0x7fff_ffff) return null
    }
    const length = output.length + 1
    bias = adapt(at - start, length, start === 0)
    code += Math.floor(at / length)
    if (code > 0x10ffff) return null
    at %= length
    output.splice(at++, 0, code)
  }
  return String.fromCodePoint(...output)
}

function digitOf(char: number): number | null {
  if (char >= 48 && char <= 57) return char - 22
  if (char >= 97 && char <= 122) return char - 97
  return null
}

function adapt(delta: number, count: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? DAMP : 2))
  rest += Math.floor(rest / count)
  let k = 0
  for (; rest > ((BASE - T_MIN) * T_MAX) >> 1; k += BASE) rest = Math.floor(rest / (BASE - T_MIN))
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW))
}

/**
 * What a name written in punycode looks like to a person; null when the name has none. The name
 * itself is what is dialled, and what is shown first.
 */
export function lookalike(host: string): string | null {
  if (!host.split('.').some((label) => label.startsWith('xn--'))) return null
  const labels = host
    .split('.')
    .map((label) => (label.startsWith('xn--') ? (decodeLabel(label.slice(4)) ?? label) : label))
  return labels.join('.')
}
