import type { Clock, Log, OrphanFinder, ProcessWatch, WatchRequest } from '../core/ports.ts'
import type { ProcessEvent } from '../core/process-events.ts'
import { type ReaderProcess, startEventReader } from './event-reader.ts'
import type { ProcfsReader } from './procfs.ts'
import { createSessionWatch, type SessionWatch } from './session-watch.ts'

export interface WatcherOptions {
  /** One reader of /proc for every session: their scans share one listing. */
  readonly reader: ProcfsReader
  readonly finder: Pick<OrphanFinder, 'find'>
  /** Starts the reader of the kernel's events. */
  readonly startEvents: () => ReaderProcess
  readonly clock: Clock
  readonly log: Log
}

/** Watches the processes of all sessions of this host. */
export interface ProcessWatcher {
  watch(request: WatchRequest): ProcessWatch
  /** null: the kernel tells of every start and end; otherwise why they are sampled. */
  reason(): Promise<string | null>
  close(): Promise<void>
}

/**
 * One listener to the kernel for the whole host; its events are handed to the session whose member
 * started the process. Where the kernel does not tell, each session is sampled instead.
 */
export function createProcessWatcher(options: WatcherOptions): ProcessWatcher {
  const { clock, log } = options
  const watches = new Set<SessionWatch>()
  const owners = new Map<number, SessionWatch>()
  let reason: string | null = null

  /** Who an event belongs to; keeps `owners` true. */
  const ownerOf = (event: ProcessEvent): SessionWatch | undefined => {
    if (event.type !== 'forked') {
      const owner = owners.get(event.pid)
      if (event.type === 'exited') owners.delete(event.pid)
      return owner
    }
    const owner = owners.get(event.parentPid)
    if (owner) owners.set(event.pid, owner)
    else owners.delete(event.pid)
    return owner
  }

  const told = (events: readonly ProcessEvent[], isWhole: boolean): void => {
    const parts = new Map<SessionWatch, ProcessEvent[]>()
    for (const event of events) {
      const owner = ownerOf(event)
      if (!owner) continue
      const part = parts.get(owner)
      if (part) part.push(event)
      else parts.set(owner, [event])
    }
    for (const [watch, part] of parts) watch.take(part)
    if (isWhole) return
    log.warn('the kernel dropped process events; the processes are read anew')
    for (const watch of watches) watch.resync()
  }

  const events = startEventReader({
    start: options.startEvents,
    clock,
    told,
    failed: (why) => {
      reason = why
      log.error(`process events: ${why}`)
      owners.clear()
      for (const watch of watches) watch.sampleFromNow(why)
    },
  })
  const ready = events.ready.then((why) => {
    reason ??= why
    log.info(why === null ? 'the kernel tells of every process' : `processes are sampled: ${why}`)
  })

  return {
    watch: (request) => {
      const watch = createSessionWatch({
        ...request,
        reader: options.reader,
        finder: options.finder,
        clock,
        log,
        source: ready.then(() => reason),
        follow: (pid) => {
          owners.set(pid, watch)
          events.watch(pid)
        },
        sync: () => events.sync(),
        over: () => {
          watches.delete(watch)
          for (const [pid, owner] of owners) if (owner === watch) owners.delete(pid)
        },
      })
      watches.add(watch)
      return watch
    },
    reason: () => ready.then(() => reason),
    close: () => events.close(),
  }
}
