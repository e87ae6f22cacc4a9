import { type Found, MOST_BEFORE, MOST_MATCH, type Redaction, starred } from './redaction.ts'

// A text that comes by parts is redacted just as all of it at once would be: a part is given out when
// nothing that is still to come can change it.

/** Characters: of the longest match with what it looks at after itself, and of what it looks back at. */
export interface Bounds {
  readonly match: number
  readonly before: number
}
const OF_SECRETS: Bounds = { match: MOST_MATCH, before: MOST_BEFORE }

interface Stage {
  readonly pattern: RegExp
  /** Place in the window up to which this one has looked. */
  at: number
  /** What it saw before that place, where it has replaced some of it; null: what is in the window. */
  before: string | null
  count: number
}

export interface PartRedactor {
  /** Takes what comes next; gives what is done, which is less or more of it. */
  push(text: string): string
  /** The rest. Nothing may follow. */
  end(): string
  /** How often each of the redactions replaced something so far. */
  readonly counts: readonly number[]
}

/** The redactions are made one after the other, each on what the one before left. */
export function createPartRedactor(
  redactions: readonly Pick<Redaction, 'pattern'>[],
  bounds = OF_SECRETS,
): PartRedactor {
  const stages = redactions.map(
    ({ pattern }): Stage => ({
      ...{ pattern: new RegExp(pattern), at: 0, before: null, count: 0 },
    }),
  )
  let text = ''
  /** Place up to which the window was given out. */
  let given = 0

  const run = (isEnd: boolean): string => {
    for (const [number, stage] of stages.entries()) {
      // One may only look at what the one before can change no more.
      const until = isEnd ? text.length : text.length - (number + 1) * bounds.match
      if (until > stage.at) text = step(stage, text, until, bounds.before)
    }
    const done = stages.at(-1)?.at ?? text.length
    const out = text.slice(given, done)
    const cut = Math.max(0, done - bounds.before)
    text = text.slice(cut)
    given = done - cut
    for (const stage of stages) stage.at -= cut
    return out
  }
  return {
    push: (more) => {
      text += more
      return run(false)
    },
    end: () => run(true),
    get counts() {
      return stages.map(({ count }) => count)
    },
  }
}

/** Replaces what begins before `until`. */
function step(stage: Stage, text: string, until: number, mostBefore: number): string {
  const { at, before, pattern } = stage
  const seen = before === null ? text : text.slice(0, at - before.length) + before + text.slice(at)
  const found = [...foundBetween(seen, pattern, at, until)]
  stage.at = Math.max(until, found.at(-1)?.end ?? 0)
  stage.count += found.length
  const from = Math.max(0, stage.at - mostBefore)
  const isReplaced = (found.at(-1)?.end ?? 0) > from || (before !== null && at > from)
  stage.before = isReplaced ? seen.slice(from, stage.at) : null
  if (found.length === 0) return text
  const parts: string[] = []
  let end = 0
  for (const match of found) {
    parts.push(text.slice(end, match.start), starred(match.end - match.start))
    end = match.end
  }
  parts.push(text.slice(end))
  return parts.join('')
}

/** Matches of a global pattern that begin from `at` on and before `until`. */
export function* foundBetween(
  text: string,
  pattern: RegExp,
  at: number,
  until: number,
): Generator<Found> {
  pattern.lastIndex = at
  for (;;) {
    const match = pattern.exec(text)
    if (!match || match.index >= until) return
    yield { start: match.index, end: match.index + match[0].length }
  }
}

export interface PlacedMatch {
  /** Place in all of the text. */
  readonly start: number
  readonly before: string
  readonly match: string
  readonly after: string
}

const AROUND = 24

/** `gone`: characters before this text. */
export const placed = (text: string, start: number, end: number, gone: number): PlacedMatch => ({
  start: gone + start,
  before: text.slice(Math.max(0, start - AROUND), start),
  match: text.slice(start, end),
  after: text.slice(end, end + AROUND),
})

/** Tells of each thing that each redaction finds, as if all of the text were there at once. */
export function createPartFinder(
  redactions: readonly Redaction[],
  found: (redaction: Redaction, match: PlacedMatch) => void,
  bounds = OF_SECRETS,
): { push(text: string): void; end(): void } {
  const stages = redactions.map((redaction) => ({
    ...{ redaction, pattern: new RegExp(redaction.pattern), at: 0 },
  }))
  let text = ''
  /** Characters before the window. */
  let gone = 0

  const run = (until: number): void => {
    for (const stage of stages) {
      for (const { start, end } of foundBetween(text, stage.pattern, stage.at, until)) {
        found(stage.redaction, placed(text, start, end, gone))
        stage.at = end
      }
      stage.at = Math.max(stage.at, until)
    }
    const cut = Math.max(0, Math.min(...stages.map(({ at }) => at)) - bounds.before)
    text = text.slice(cut)
    gone += cut
    for (const stage of stages) stage.at -= cut
  }
  return {
    push: (more) => {
      text += more
      if (stages.length > 0) run(text.length - bounds.match)
    },
    end: () => {
      if (stages.length > 0) run(text.length)
    },
  }
}
