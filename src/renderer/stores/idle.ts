/** From one moment to another, on the session's own clock in ms. */
export interface Stretch {
  readonly fromMs: number
  readonly toMs: number
}

/** A stretch in which nothing happened. */
export type Gap = Stretch

/** Longest silence a replay waits for. */
export const IDLE_LIMIT_MS = 2000

export const momentOf = (atMs: number): Stretch => ({ fromMs: atMs, toMs: atMs })

/** Silences longer than `limitMs` between stretches in which something happened, by their begin. */
export function findGaps(active: readonly Stretch[], endMs: number, limitMs: number): Gap[] {
  const gaps: Gap[] = []
  let previous = 0
  for (const { fromMs, toMs } of [...active, momentOf(endMs)]) {
    if (fromMs - previous > limitMs) gaps.push({ fromMs: previous, toMs: fromMs })
    previous = Math.max(previous, toMs)
  }
  return gaps
}

/** Where the playhead stands `stepMs` later; of every gap only the first `limitMs` are played. */
export function advance(
  fromMs: number,
  stepMs: number,
  gaps: readonly Gap[],
  limitMs: number,
): number {
  return expand(compress(fromMs, gaps, limitMs) + stepMs, gaps, limitMs)
}

/** Session clock to replay clock, on which gaps are cut to `limitMs`. */
export function compress(atMs: number, gaps: readonly Gap[], limitMs: number): number {
  let cut = 0
  for (const { fromMs, toMs } of gaps) {
    if (atMs <= fromMs + limitMs) break
    cut += Math.min(atMs, toMs) - (fromMs + limitMs)
  }
  return atMs - cut
}

/** Replay clock to session clock. */
export function expand(playMs: number, gaps: readonly Gap[], limitMs: number): number {
  let atMs = playMs
  for (const { fromMs, toMs } of gaps) {
    if (atMs < fromMs + limitMs) break
    atMs += toMs - (fromMs + limitMs)
  }
  return atMs
}
