import type { TerminalId } from './domain/ids.ts'
import type { ExitStatus, ProcessKey } from './domain/process.ts'
import type { Fact } from './domain/timeline.ts'

/** A terminal of a session besides the agent's. */
export interface FurtherTerminal {
  readonly id: TerminalId
  /** In the order of their opening, from 1. */
  readonly number: number
  /** The shell in it. */
  readonly key: ProcessKey
  readonly bytes: number
  /** Wall clock; null: it runs. */
  readonly endedAtMs: number | null
  readonly exit: ExitStatus | null
}

type TerminalFact = Extract<
  Fact,
  { type: 'terminal/opened' | 'terminal/active' | 'terminal/ended' }
>

export function applyToTerminals(
  terminals: readonly FurtherTerminal[],
  fact: TerminalFact,
  atMs: number,
): readonly FurtherTerminal[] {
  if (fact.type === 'terminal/opened') {
    const { terminal: id, number, key } = fact
    return [...terminals, { id, number, key, bytes: 0, endedAtMs: null, exit: null }]
  }
  const change: Partial<FurtherTerminal> =
    fact.type === 'terminal/active'
      ? { bytes: fact.totalBytes }
      : { endedAtMs: atMs, exit: fact.exit }
  return terminals.map((each) => (each.id === fact.terminal ? { ...each, ...change } : each))
}

/** Nothing of a session that ended looks alive. */
export const endTerminals = (
  terminals: readonly FurtherTerminal[],
  atMs: number,
): readonly FurtherTerminal[] =>
  terminals.map((each) =>
    each.endedAtMs === null ? { ...each, endedAtMs: atMs, exit: { kind: 'lost' } } : each,
  )
