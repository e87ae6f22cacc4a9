import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SessionId } from '../../shared/domain/ids.ts'
import { SCHEMA_VERSION, type TimelineEvent } from '../../shared/domain/timeline.ts'
import { projectAll } from '../../shared/projection.ts'
import { err, ok } from '../../shared/result.ts'
import type { EventStore, Log, RecordingHead } from '../core/ports.ts'
import { decodeLines, encodeLine } from './event-lines.ts'
import { createEventPages } from './event-pages.ts'
import { EventWriter, syncFolder } from './event-writer.ts'
import { readHead, writeHead } from './head-file.ts'
import { isMissing, readOrNull } from './read-or-null.ts'
import { terminalFile, terminalsIn } from './terminal-file.ts'

export const EVENTS_FILE = 'events.log'
export const CONTENTS_FOLDER = 'contents'

/**
 * The files of every recording, `<folder>/<session>/`. The PTY host alone writes the terminal logs;
 * here they are only read. `version` of Cloche goes into the header of each new recording.
 */
export function createEventLog(folder: string, version: string, log: Log): EventStore {
  const writers = new Map<SessionId, EventWriter>()
  const pathOf = (id: SessionId, file: string): string => join(folder, id, file)

  const pages = createEventPages((id) => pathOf(id, EVENTS_FILE))

  const writer = (id: SessionId): EventWriter => {
    const known = writers.get(id)
    if (known) return known
    const made = new EventWriter({
      path: pathOf(id, EVENTS_FILE),
      failed: (detail) => log.error(`events of ${id} cannot be written: ${detail}`),
      closed: () => writers.delete(id),
    })
    writers.set(id, made)
    return made
  }

  const read: EventStore['read'] = async (id) => {
    await writers.get(id)?.flush()
    const bytes = await readOrNull(pathOf(id, EVENTS_FILE))
    if (!bytes) return null
    const { events, damage, passedOver } = decodeLines(bytes)
    if (passedOver > 0) log.warn(`${passedOver} events of ${id} are of a newer version`)
    return { events, damage }
  }

  const head: EventStore['head'] = async (id) => {
    await writers.get(id)?.flush()
    const eventsBytes = await sizeOf(pathOf(id, EVENTS_FILE))
    if (eventsBytes === null) return null
    const terminalBytes = (await sizeOf(pathOf(id, terminalFile(null, 'log')))) ?? 0
    const kept = await readHead(join(folder, id), eventsBytes)
    if (kept) return { ...kept, summary: { ...kept.summary, terminalBytes } }
    const found = await read(id)
    const computed = found && headOf(found.events, found.damage, terminalBytes)
    if (computed) await writeHead(join(folder, id), eventsBytes, computed)
    return computed
  }

  return {
    create: async (first, id) => {
      const session = first.fact.type === 'session/created' ? first.fact.session : null
      if (!session) throw new Error('a recording begins with session/created')
      try {
        await mkdir(join(folder, id), { mode: 0o700 })
        const file = await open(pathOf(id, EVENTS_FILE), 'wx', 0o600)
        try {
          await file.write(encodeLine({ schema: SCHEMA_VERSION, session, writtenBy: version }))
          await file.write(encodeLine(first))
          await file.datasync()
        } finally {
          await file.close()
        }
        await Promise.all([syncFolder(join(folder, id)), syncFolder(folder)])
        return ok(undefined)
      } catch (cause) {
        return err({ detail: cause instanceof Error ? cause.message : String(cause) })
      }
    },
    append: (id, event) => writer(id).append(encodeLine(event)),
    read,
    page: async (id, fromSeq, most) => {
      await writers.get(id)?.flush()
      return pages.read(id, fromSeq, most)
    },
    head,
    summary: async (id) => (await head(id))?.summary ?? null,
    list: async () => {
      const names = await readdir(folder)
      return names.flatMap((name) => {
        const id = SessionId.safeParse(name)
        return id.success ? [id.data] : []
      })
    },
    terminalLogPath: (id, terminal) => pathOf(id, terminalFile(terminal, 'log')),
    terminals: async (id) => terminalsIn(await readdir(join(folder, id)).catch(() => [])),
    readTerminalLog: (id, offset, length, terminal) =>
      readPart(pathOf(id, terminalFile(terminal, 'log')), offset, length),
    bytesOf: (id) => bytesBelow(join(folder, id)),
    remove: async (id) => {
      await writers.get(id)?.close()
      await rm(join(folder, id), { recursive: true, force: true })
    },
    flush: async () => {
      await Promise.all([...writers.values()].map((each) => each.close()))
    },
  }
}

/** null: nothing of the recording is readable enough to name its session. */
function headOf(
  events: readonly TimelineEvent[],
  damage: string[],
  terminalBytes: number,
): RecordingHead | null {
  const last = events.at(-1)
  const { session } = projectAll(events)
  if (!last || !session) return null
  const { seq, atMs, monoMs } = last
  return {
    last: { seq, atMs, monoMs },
    summary: { session, durationMs: monoMs, terminalBytes, events: events.length, damage },
  }
}

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => sizeOf(join(entry.parentPath, entry.name))),
  )
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (cause) {
    if (isMissing(cause)) return null
    throw cause
  }
}

async function readPart(path: string, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  try {
    const file = await open(path, 'r')
    try {
      const { bytesRead } = await file.read(bytes, 0, length, offset)
      return bytes.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (isMissing(cause)) return new Uint8Array(0)
    throw cause
  }
}
