import type { Mark } from '../stores/tracks.ts'
import type { Stretch } from '../stores/idle.ts'

// A million marks are looked at in blocks, so that a picture costs what is seen of them: most blocks lie
// outside of what is shown, or all of what they hold lies within one pixel.

const SIZE = 32

/** Marks that follow each other and are all over. Once they are, nothing of them changes that matters. */
interface Block {
  readonly lastMs: number
  /** From the first start to the last. */
  readonly spanMs: number
  /** All that can be told apart while the block is narrower than a pixel. */
  readonly kept: readonly Mark[]
}

const known = new WeakMap<readonly Mark[], (Block | null)[]>()

/**
 * Those that can be seen in `range`, in the order of `marks`, which is that of their start. Of those of
 * one row that share a pixel, at least one.
 */
export function* visibleMarks(
  marks: readonly Mark[],
  range: Stretch,
  msPerPixel: number,
): Generator<Mark> {
  const blocks = blocksOf(marks)
  for (let number = 0, at = 0; at < marks.length; number++, at += SIZE) {
    if (marks[at]!.startMs > range.toMs) return
    const block = blockAt(blocks, marks, number)
    if (block && block.lastMs < range.fromMs) continue
    const isNarrow = block !== null && block.spanMs < msPerPixel / 2
    const from = isNarrow ? block.kept : marks
    const begin = isNarrow ? 0 : at
    const end = isNarrow ? block.kept.length : Math.min(at + SIZE, marks.length)
    for (let index = begin; index < end; index++) {
      const mark = from[index]!
      if (mark.startMs > range.toMs) break
      if (mark.endMs === null || mark.endMs >= range.fromMs) yield mark
    }
  }
}

/** The last of those that touch a stretch of time for which `fits` holds. */
export function lastMarkIn(
  marks: readonly Mark[],
  { fromMs, toMs }: Stretch,
  fits: (mark: Mark) => boolean,
): Mark | null {
  const blocks = blocksOf(marks)
  for (let number = Math.ceil(marks.length / SIZE) - 1; number >= 0; number--) {
    const at = number * SIZE
    if (marks[at]!.startMs > toMs) continue
    const block = blockAt(blocks, marks, number)
    if (block && block.lastMs < fromMs) continue
    for (let index = Math.min(at + SIZE, marks.length) - 1; index >= at; index--) {
      const mark = marks[index]!
      const isIn = mark.startMs <= toMs && (mark.endMs ?? Infinity) >= fromMs
      if (isIn && fits(mark)) return mark
    }
  }
  return null
}

function blocksOf(marks: readonly Mark[]): (Block | null)[] {
  const blocks = known.get(marks) ?? []
  if (!known.has(marks)) known.set(marks, blocks)
  return blocks
}

/** null: it is not full, or something in it still goes on. */
function blockAt(blocks: (Block | null)[], marks: readonly Mark[], number: number): Block | null {
  blocks[number] ??= (number + 1) * SIZE > marks.length ? null : summary(marks, number * SIZE)
  return blocks[number]
}

function summary(marks: readonly Mark[], at: number): Block | null {
  const firstMs = marks[at]!.startMs
  const spanMs = marks[at + SIZE - 1]!.startMs - firstMs
  let lastMs = firstMs
  for (let index = at; index < at + SIZE; index++) {
    const { endMs } = marks[index]!
    if (endMs === null) return null
    lastMs = Math.max(lastMs, endMs)
  }
  const kept: Mark[] = []
  const rows = new Set<string>()
  for (let index = at; index < at + SIZE; index++) {
    const mark = marks[index]!
    const row = `${mark.track} ${mark.row}`
    const isLong = (mark.endMs ?? Infinity) - firstMs > spanMs * 2
    if (!isLong && rows.has(row) && isCrowdable(mark)) continue
    rows.add(row)
    kept.push(mark)
  }
  return { lastMs, spanMs, kept }
}

/** Many of them in one place look like one. */
export const isCrowdable = ({ tone, track }: Mark): boolean => tone === 'plain' || track === 'files'
