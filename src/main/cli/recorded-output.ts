import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import type { Connection } from '../../shared/rpc/client.ts'
import { decodeLog, type TerminalRecord } from '../../shared/terminal-log.ts'

const LOOK_MS = 50

/** Reads a terminal's record from its start; each call gives what is new. */
export function recordReader(connection: Connection, id: SessionId, terminal?: TerminalId) {
  let rest: Uint8Array = new Uint8Array()
  let offset = 0
  let isDamaged = false
  return async (): Promise<TerminalRecord[]> => {
    const records: TerminalRecord[] = []
    while (!isDamaged) {
      const part = await connection.readRecording(id, offset, terminal)
      offset += part.length
      const bytes = Buffer.concat([rest, part])
      const decoded = decodeLog(bytes)
      records.push(...decoded.records)
      rest = bytes.subarray(decoded.soundBytes)
      isDamaged = decoded.damage === 'damaged'
      if (part.length === 0) break
    }
    return records
  }
}

/** Passes on what a program writes, all of it and in its order, for who is no terminal. */
export function passOutput(
  connection: Connection,
  id: SessionId,
  to: NodeJS.WritableStream,
  terminal?: TerminalId,
) {
  const next = recordReader(connection, id, terminal)
  let isOver = false
  const pass = async (): Promise<void> => {
    // The line ends of a terminal, not those of the program.
    for (const record of await next())
      if (record.kind === 'output')
        to.write(
          Buffer.from(
            Buffer.from(record.bytes).toString('latin1').replaceAll('\r\n', '\n'),
            'latin1',
          ),
        )
  }
  const running = (async () => {
    while (!isOver) {
      await pass()
      await sleep(LOOK_MS)
    }
    await pass()
  })()
  return {
    /** Resolves when all that was recorded is passed on. */
    end: (): Promise<void> => {
      isOver = true
      return running
    },
  }
}
