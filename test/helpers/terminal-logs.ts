import type { TerminalIndex } from '../../src/shared/domain/terminal-index.ts'
import { createTerminalIndexer } from '../../src/shared/recording/terminal-indexer.ts'
import { readRecord } from '../../src/shared/terminal-log.ts'

/** The index of a log in memory, as the host makes it of a file. */
export function indexOfLog(log: Uint8Array): TerminalIndex {
  const indexer = createTerminalIndexer()
  for (let at = 0; at < log.length; ) {
    const found = readRecord(log, at)
    if (typeof found === 'string') return indexer.index(found)
    indexer.add(found.record, at, found.end)
    at = found.end
  }
  return indexer.index('none')
}
