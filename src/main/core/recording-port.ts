import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import type { TerminalIndex } from '../../shared/domain/terminal-index.ts'

/** Indexes of terminal logs. */
export interface TerminalIndexes {
  /** Of all that the log of this terminal (none: the agent's) holds now; without a log, of nothing. Rejects when it cannot be read. */
  index(id: SessionId, terminal?: TerminalId | null): Promise<TerminalIndex>
}
