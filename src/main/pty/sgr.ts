import type { CellAttributes } from './xterm-internals.ts'

// Bit layout of xterm's attribute words (src/common/buffer/Constants.ts).
const MODE_MASK = 0x3000000
const MODE_RGB = 0x3000000
const COLOR_MASK = 0x3ffffff
const HAS_EXTENDED = 0x10000000
const UNDERLINE = 0x10000000

const FG_FLAGS = [
  [0x8000000, 1],
  [0x20000000, 5],
  [0x4000000, 7],
  [0x40000000, 8],
  [0x80000000, 9],
] as const
const BG_FLAGS = [
  [0x8000000, 2],
  [0x4000000, 3],
  [0x40000000, 53],
] as const

/** Colour only: what an erased cell keeps. xterm leaves bits of an older colour beside an index. */
export function backgroundBits({ bg }: CellAttributes): number {
  const mode = bg & MODE_MASK
  return mode === 0 ? 0 : bg & (mode === MODE_RGB ? COLOR_MASK : MODE_MASK | 255)
}

/** Underline style 0-5 and colour bits, as they stand without a link. */
const extendedBits = ({ bg, extended }: CellAttributes): number =>
  bg & HAS_EXTENDED ? extended._ext & (0x1c000000 | COLOR_MASK) : 0

/** Equal when two cells look the same; the link is not part of it. */
export const sameLook = (a: CellAttributes, b: CellAttributes): boolean =>
  a.fg === b.fg &&
  (a.bg & ~HAS_EXTENDED) === (b.bg & ~HAS_EXTENDED) &&
  extendedBits(a) === extendedBits(b)

function color(bits: number, base: 30 | 40, extended: 38 | 48 | 58): string[] {
  const mode = bits & MODE_MASK
  if (mode === 0) return []
  if (mode === MODE_RGB)
    return [`${extended};2;${(bits >>> 16) & 255};${(bits >>> 8) & 255};${bits & 255}`]
  const index = bits & 255
  if (index < 8 && extended !== 58) return [`${base + index}`]
  if (index < 16 && extended !== 58) return [`${base + 60 + index - 8}`]
  return [`${extended};5;${index}`]
}

/** Sets exactly these attributes, whatever was set before. */
export const sgr = (attributes: CellAttributes): string =>
  sequence(attributes, extendedBits(attributes))

/** For the pen, which remembers an underline colour also while it does not underline. */
export const penSgr = (attributes: CellAttributes): string =>
  sequence(attributes, attributes.extended._ext)

function sequence({ fg, bg }: CellAttributes, extended: number): string {
  const codes = ['0']
  for (const [flag, code] of FG_FLAGS) if (fg & flag) codes.push(`${code}`)
  for (const [flag, code] of BG_FLAGS) if (bg & flag) codes.push(`${code}`)
  if (fg & UNDERLINE) {
    const style = (extended >>> 26) & 7
    codes.push(style > 1 ? `4:${style}` : '4')
  }
  codes.push(...color(fg, 30, 38), ...color(bg, 40, 48), ...color(extended, 40, 58))
  return `\x1b[${codes.join(';')}m`
}

export const sgrBackground = (bits: number): string =>
  `\x1b[${['0', ...color(bits, 40, 48)].join(';')}m`

/** The link a cell or the pen carries, 0 for none; restoring a cursor can leave a dead number. */
export const activeLink = ({ bg, extended }: CellAttributes): number =>
  bg & HAS_EXTENDED ? extended.urlId : 0
