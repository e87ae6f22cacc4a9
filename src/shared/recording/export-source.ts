import type { ContentHash } from '../domain/file-changes.ts'
import type { TerminalId } from '../domain/ids.ts'
import type { LogPoint, TerminalIndex } from '../domain/terminal-index.ts'
import type { TimelineEvent } from '../domain/timeline.ts'
import type { Keyframe, TerminalRecord } from '../terminal-log.ts'
import type { Marker } from './asciicast.ts'

/** A terminal of which one part after the other is read. */
export interface ExportTerminal {
  readonly index: TerminalIndex
  /** Sound records between two points of the index. */
  part(number: number): Promise<readonly TerminalRecord[]>
  /** The whole screen at a point; null: none was kept. */
  screen(point: LogPoint): Promise<Keyframe | null>
}

/** A recording of which one part after the other is read. Everything rejects when it cannot be reached. */
export interface ExportSource {
  /** null: the agent's. */
  terminal(id: TerminalId | null): Promise<ExportTerminal>
  /** In batches, from the first. */
  events(): AsyncIterable<readonly TimelineEvent[]>
  /** null: it is no text, or was not kept. */
  content(hash: ContentHash): Promise<string | null>
  /** What the agent wrote down of the conversation, and other moments that are no events. */
  readonly markers: readonly Marker[]
}

export type ExportFormat = 'html' | 'cast3' | 'cast2' | 'jsonl'

/** A terminal that a person opened beside the agent's; the number is what it is called by. */
export interface FurtherName {
  readonly id: TerminalId
  readonly number: number
}

export const furtherIn = (events: readonly TimelineEvent[]): FurtherName[] =>
  events.flatMap(({ fact }) =>
    fact.type === 'terminal/opened' ? [{ id: fact.terminal, number: fact.number }] : [],
  )

export const hashesIn = (events: readonly TimelineEvent[]): ContentHash[] =>
  events.flatMap(({ fact }) =>
    fact.type === 'file/changed'
      ? [fact.before, fact.after].flatMap((content) =>
          content.kind === 'file' && content.hash !== null ? [content.hash] : [],
        )
      : [],
  )
