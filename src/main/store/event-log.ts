import { mkdir, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { SessionId } from '../../shared/domain/ids.ts'
import type { RecordingSummary } from '../../shared/domain/timeline.ts'
import { projectAll } from '../../shared/projection.ts'
import { err, ok } from '../../shared/result.ts'
import type { EventStore, Log } from '../core/ports.ts'
import { AppendFile } from './append-file.ts'
import { decodeEvents, encodeEvent } from './event-lines.ts'

/** Recordings: `<folder>/<session>/events.log` and, written by the PTY host, `terminal.log`. */
export function createEventLog(folder: string, log: Log): EventStore {
  const files = new Map<SessionId, Promise<AppendFile>>()
  const eventsPath = (id: SessionId): string => join(folder, id, 'events.log')
  const terminalLogPath = (id: SessionId): string => join(folder, id, 'terminal.log')

  const openFile = (id: SessionId, mode: 'create' | 'append'): Promise<AppendFile> =>
    AppendFile.open(eventsPath(id), {
      mode,
      failed: (detail) => log.error(`events of ${id} cannot be written: ${detail}`),
      recovered: () => log.info(`events of ${id} are written again`),
    })

  /** A line that was cut short is removed only now, before the first new one. */
  const reopen = async (id: SessionId): Promise<AppendFile> => {
    const bytes = await readFile(eventsPath(id))
    const { wholeBytes } = decodeEvents(bytes)
    if (wholeBytes < bytes.length) await truncate(eventsPath(id), wholeBytes)
    return openFile(id, 'append')
  }

  const read: EventStore['read'] = async (id) => {
    const bytes = await readFile(eventsPath(id)).catch(() => null)
    if (!bytes) return null
    const { events, damage } = decodeEvents(bytes)
    return { events, damage }
  }

  const terminalSize = (id: SessionId): Promise<number> =>
    stat(terminalLogPath(id)).then(
      (info) => info.size,
      () => 0,
    )

  return {
    create: async (first, id) => {
      try {
        await mkdir(join(folder, id), { recursive: true, mode: 0o700 })
        const file = await openFile(id, 'create')
        files.set(id, Promise.resolve(file))
        file.append(encodeEvent(first))
        await file.sync()
        return ok(undefined)
      } catch (cause) {
        return err({ detail: (cause as Error).message })
      }
    },
    append: (id, event) => {
      const known = files.get(id) ?? reopen(id)
      files.set(id, known)
      known
        .then((file) => file.append(encodeEvent(event)))
        .catch((cause: unknown) => log.error(`an event of ${id} was not recorded`, cause))
    },
    read,
    list: async () => {
      const names = await readdir(folder)
      return names.filter((name): name is SessionId => SessionId.safeParse(name).success)
    },
    summary: async (id): Promise<RecordingSummary | null> => {
      const found = await read(id)
      const state = found && projectAll(found.events)
      if (!found || !state?.session) return null
      return {
        session: state.session,
        durationMs: state.monoMs,
        terminalBytes: await terminalSize(id),
        events: found.events.length,
        damage: found.damage,
      }
    },
    terminalLogPath,
    readTerminalLog: async (id, offset, length) => {
      const file = await open(terminalLogPath(id), 'r').catch(() => null)
      if (!file) return new Uint8Array()
      try {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset)
        return buffer.subarray(0, bytesRead)
      } finally {
        await file.close()
      }
    },
    remove: async (id) => {
      const file = await files.get(id)
      files.delete(id)
      await file?.abandon()
      await rm(join(folder, id), { recursive: true, force: true })
    },
    flush: async () => {
      for (const file of files.values()) await (await file).sync()
    },
  }
}
