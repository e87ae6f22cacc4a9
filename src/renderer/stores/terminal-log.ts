import type { SessionId } from '../../shared/domain/ids.ts'
import { decodeLog, type TerminalRecord } from '../../shared/terminal-log.ts'
import { currentConnection } from '../connection.ts'

export interface TerminalLog {
  readonly records: readonly TerminalRecord[]
  readonly damage: 'none' | 'torn' | 'damaged'
}

/** Reads the terminal's part of a recording to its end. Throws when the connection is lost. */
export async function loadTerminalLog(
  sessionId: SessionId,
  isGivenUp: () => boolean,
): Promise<TerminalLog> {
  const records: TerminalRecord[] = []
  let rest = new Uint8Array()
  let offset = 0
  for (;;) {
    const connection = currentConnection()
    if (!connection || isGivenUp()) throw new Error('not connected')
    const part = await connection.readRecording(sessionId, offset)
    offset += part.length
    const bytes = new Uint8Array(rest.length + part.length)
    bytes.set(rest)
    bytes.set(part, rest.length)
    const decoded = decodeLog(bytes)
    records.push(...decoded.records)
    if (decoded.damage === 'damaged') return { records, damage: 'damaged' }
    if (part.length === 0) return { records, damage: decoded.damage }
    rest = bytes.slice(decoded.soundBytes)
  }
}
