import type { StreamSource } from '../../shared/contract/define.ts'
import type { SessionId } from '../../shared/domain/ids.ts'
import { processKey } from '../../shared/domain/process.ts'
import type { ControlOutcome, Orphans, SessionTrace } from '../../shared/domain/process-details.ts'
import type { Fact } from '../../shared/domain/timeline.ts'
import { createBroadcast } from './broadcast.ts'
import { endProcesses, livingAmong } from './process-end.ts'
import type {
  Clock,
  DocumentStore,
  Log,
  OrphanFinder,
  OrphanProcess,
  ProcessRef,
  ProcessSignals,
} from './ports.ts'

export interface OrphanBookOptions {
  readonly finder: OrphanFinder
  readonly document: DocumentStore<SessionTrace[]>
  readonly signals: ProcessSignals
  readonly clock: Clock
  readonly log: Log
  readonly report: (session: SessionId, fact: Fact) => void
  /** Milliseconds a process gets to end by itself before it is killed. */
  readonly graceMs: number
}

/** Finds, shows and ends what outlives its session. */
export interface OrphanBook {
  /** Looks for what earlier runs of Cloche left. Once, after the timeline was read. */
  recover(): Promise<void>
  started(session: SessionId, rootPid: number): Promise<void>
  /** `survivors`: members that its watch still saw when everything of the session was ended. */
  ended(session: SessionId, survivors: readonly ProcessRef[]): Promise<void>
  readonly watch: StreamSource<Orphans[], Orphans[]>
  /** null: of every session. */
  end(session: SessionId | null): Promise<ControlOutcome>
  /** Resolves when everything noted is written. */
  close(): Promise<void>
}

/** Orphans end by themselves as well; the list follows. */
const RECHECK_MS = 2_000

export function createOrphanBook(options: OrphanBookOptions): OrphanBook {
  const { finder, signals, document, log } = options
  const traces = new Map<SessionId, SessionTrace>()
  const orphans = new Map<SessionId, readonly OrphanProcess[]>()
  let timer: NodeJS.Timeout | null = null

  const snapshot = (): Orphans[] =>
    [...orphans].map(([session, processes]) => ({
      session,
      processes: processes.map(({ pid, startTicks, name, argv, startedAtMs }) => ({
        ...{ key: processKey(pid, startTicks), pid, name, argv, startedAtMs },
      })),
    }))
  const { tell, watch } = createBroadcast<Orphans[], Orphans[]>(snapshot)

  let saved: Promise<void> = Promise.resolve()
  const save = (): void => {
    saved = document
      .save([...traces.values()])
      .catch((cause: unknown) => log.error('running sessions were not noted', cause))
  }

  const set = (session: SessionId, processes: readonly OrphanProcess[]): void => {
    const trace = traces.get(session)
    if (processes.length === 0) {
      traces.delete(session)
      orphans.delete(session)
    } else {
      orphans.set(session, processes)
      if (trace)
        traces.set(session, {
          ...trace,
          processes: processes.map(({ pid, startTicks }) => ({ pid, startTicks })),
        })
    }
    save()
    tell(snapshot())
    timer ??= orphans.size > 0 ? setTimeout(() => void recheck(), RECHECK_MS).unref() : null
  }

  const recheck = async (): Promise<void> => {
    timer = null
    for (const [session, processes] of orphans) {
      const left = await livingAmong(signals, processes)
      // Another look may have found more meanwhile.
      if (left.length < processes.length && orphans.get(session) === processes) set(session, left)
    }
    timer ??= orphans.size > 0 ? setTimeout(() => void recheck(), RECHECK_MS).unref() : null
  }

  const look = async (session: SessionId, known: readonly ProcessRef[]): Promise<void> => {
    const found = await finder.find(session, known)
    if (found.length > 0)
      options.report(session, {
        type: 'proc/orphaned',
        keys: found.map(({ pid, startTicks }) => processKey(pid, startTicks)),
      })
    set(session, found)
  }

  return {
    watch,
    recover: async () => {
      const bootId = await finder.bootId()
      for (const trace of (await document.load()).value) {
        if (trace.bootId !== bootId) continue
        traces.set(trace.session, trace)
        await look(trace.session, trace.processes)
      }
      save()
    },
    started: async (session, rootPid) => {
      const root = await finder.identify(rootPid)
      const bootId = await finder.bootId()
      if (!root || bootId === null) return
      traces.set(session, { session, bootId, processes: [root] })
      save()
    },
    ended: look,
    end: async (session) => {
      const meant = [...orphans].filter(([id]) => session === null || id === session)
      const outcomes = await Promise.all(
        meant.map(async ([id, processes]) => {
          const members = (): Promise<readonly OrphanProcess[]> => finder.find(id, processes)
          const outcome = await endProcesses({ ...options, members })
          set(id, await members())
          return outcome
        }),
      )
      return {
        affected: outcomes.reduce((sum, { affected }) => sum + affected, 0),
        remained: outcomes.reduce((sum, { remained }) => sum + remained, 0),
      }
    },
    close: async () => {
      if (timer) clearTimeout(timer)
      await saved
    },
  }
}
