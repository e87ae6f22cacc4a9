import type { SessionId } from '../../shared/domain/ids.ts'
import { decodeLog, type Keyframe, type TerminalRecord } from '../../shared/terminal-log.ts'
import { currentConnection } from '../connection.ts'

/** A screen at which a replay can begin. */
export interface LogKeyframe extends Pick<Keyframe, 'cols' | 'rows' | 'screen'> {
  /** Records before it. */
  readonly index: number
}

export interface TerminalLog {
  readonly records: readonly TerminalRecord[]
  /** In the order of their index. */
  readonly keyframes: readonly LogKeyframe[]
  readonly damage: 'none' | 'torn' | 'damaged'
}

/** Reads the terminal's part of a recording to its end. Throws when the connection is lost. */
export async function loadTerminalLog(
  sessionId: SessionId,
  isGivenUp: () => boolean,
): Promise<TerminalLog> {
  const records: TerminalRecord[] = []
  const keyframes: Keyframe[] = []
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
    for (const record of decoded.records) records.push(record)
    keyframes.push(...decoded.keyframes)
    const isDamaged = decoded.damage === 'damaged'
    if (isDamaged || part.length === 0)
      return { records, keyframes: placed(records, keyframes), damage: decoded.damage }
    rest = bytes.slice(decoded.soundBytes)
  }
}

/** Where each stands among the records; one that stands within a record is left out. */
export function placed(
  records: readonly TerminalRecord[],
  keyframes: readonly Keyframe[],
): LogKeyframe[] {
  const found: LogKeyframe[] = []
  let outputBytes = 0
  let index = 0
  for (const { cols, rows, screen, ...keyframe } of keyframes) {
    while (index < records.length && outputBytes < keyframe.outputBytes) {
      const record = records[index++]
      if (record?.kind === 'output') outputBytes += record.bytes.length
    }
    if (outputBytes === keyframe.outputBytes) found.push({ index, cols, rows, screen })
  }
  return found
}
