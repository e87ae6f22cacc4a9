import { z } from 'zod'
import { create } from 'zustand'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import { wordsOfFact } from '../words/facts.ts'

export const COLOURS = ['red', 'amber', 'green', 'blue', 'violet'] as const
export type Colour = (typeof COLOURS)[number]

/** Events with these words in their type or sentence are marked; the first that fits counts. */
export interface HighlightRule {
  readonly words: string
  readonly colour: Colour
}

interface Highlights {
  readonly isOn: boolean
  /** In the order in which they are tried. */
  readonly rules: readonly HighlightRule[]
}

const Kept = z.object({
  isOn: z.boolean(),
  rules: z.array(z.object({ words: z.string().max(200), colour: z.enum(COLOURS) })).max(50),
})
const STORAGE_KEY = 'cloche.highlights'

/** Those that come with Cloche. */
export const FIRST_RULES: readonly HighlightRule[] = [
  { words: 'denied', colour: 'red' },
  { words: 'prompt', colour: 'amber' },
  { words: 'isolation/', colour: 'violet' },
]

export const useHighlights = create<Highlights>(() => readKept())

export function setHighlights(patch: Partial<Highlights>): void {
  useHighlights.setState(patch)
  localStorage.setItem(STORAGE_KEY, JSON.stringify(useHighlights.getState()))
}

function readKept(): Highlights {
  try {
    const kept = Kept.safeParse(JSON.parse(localStorage.getItem(STORAGE_KEY) ?? 'null'))
    if (kept.success) return kept.data
  } catch {
    // Somebody else's words under our name: the first rules are as good as any.
  }
  return { isOn: true, rules: FIRST_RULES }
}

/** null: no rule fits. */
export function colourOf(
  { fact }: Pick<TimelineEvent, 'fact'>,
  rules: readonly HighlightRule[],
): Colour | null {
  const text = `${fact.type} ${wordsOfFact(fact)}`.toLowerCase()
  const fits = ({ words }: HighlightRule): boolean =>
    words.trim() !== '' && text.includes(words.trim().toLowerCase())
  return rules.find(fits)?.colour ?? null
}
