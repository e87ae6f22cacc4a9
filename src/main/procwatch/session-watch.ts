import type { ExitStatus } from '../../shared/domain/process.ts'
import type { Fact } from '../../shared/domain/timeline.ts'
import type {
  Clock,
  Log,
  OrphanFinder,
  ProcessRef,
  ProcessWatch,
  WatchRequest,
} from '../core/ports.ts'
import { mergeEvents, type ProcessEvent } from '../core/process-events.ts'
import {
  adoptInto,
  emptyTree,
  keyOf,
  type Known,
  mergeScan,
  type ProcessReading,
} from '../core/processes.ts'
import type { ProcfsReader, ScanRequest } from './procfs.ts'

const SAMPLED_EVERY_MS = 200
/** Numbers of processes whose starts and ends the kernel tells. */
const EXACT_EVERY_MS = 1_000
/** Rounds until no member is found that was not followed yet; each halves what may be missing. */
const FIRST_ROUNDS = 5

const ignore = (): void => undefined

export interface SessionWatchOptions extends WatchRequest {
  readonly reader: ProcfsReader
  readonly finder: Pick<OrphanFinder, 'find'>
  readonly clock: Clock
  readonly log: Log
  /** null: the kernel tells; otherwise why it does not. */
  readonly source: Promise<string | null>
  /** Asks for the events of a process and of what it starts. */
  readonly follow: (pid: number) => void
  readonly sync: () => Promise<void>
  readonly over: () => void
}

interface Look extends ScanRequest {
  readonly isLast?: boolean
}

/** The watch of one session, as the watcher of all drives it. */
export interface SessionWatch extends ProcessWatch {
  take(events: readonly ProcessEvent[]): void
  /** Events were lost: the next scan counts. */
  resync(): void
  sampleFromNow(reason: string): void
}

/**
 * Keeps the tree of one session. With the kernel's events a scan each second adds numbers, new
 * parents and members that came from outside; without them five scans a second are all there is:
 * what lives shorter may be missed, and how it ended is known only if a scan met it before its
 * reaping.
 */
export function createSessionWatch(options: SessionWatchOptions): SessionWatch {
  const { rootPid, reader, clock } = options
  const endings = new Map<number, ExitStatus>()
  let tree = emptyTree(clock.monoMs(), options.commands)
  let isExact = false
  let isNamespaced = false
  let isStopped = false
  let timer: NodeJS.Timeout | null = null
  let nextAtMs = 0

  const report = (facts: readonly Fact[]): void => {
    if (facts.length > 0) options.report(facts)
  }

  const merge = (readings: readonly ProcessReading[], isLast = false): void => {
    const merged = mergeScan(tree, readings, clock.monoMs(), { endings, isExact, isLast })
    tree = merged.tree
    report(merged.facts)
  }

  /** How many members it found that no event had told of. */
  const look = async ({ isLast = false, ...how }: Look = {}): Promise<number> => {
    const previous = new Map<number, ProcessReading>()
    for (const { reading } of tree.nodes.values()) previous.set(reading.pid, reading)
    const readings = await reader.scan(rootPid, previous, how)
    // Whatever the scan met, its events come first: they know who started it.
    if (isExact) await options.sync()
    const before = tree.live
    merge(readings, isLast)
    const found = isExact ? [...tree.live.keys()].filter((pid) => !before.has(pid)) : []
    for (const pid of found) options.follow(pid)
    return found.length
  }

  /** Numbers come a second apart, whatever other scans there were. */
  const untilNextSample = (): number =>
    Math.max(SAMPLED_EVERY_MS, tree.sampledAtMs + EXACT_EVERY_MS - clock.monoMs())

  const turn = async (): Promise<void> => {
    try {
      await look()
    } catch (cause) {
      options.log.error('the processes of a session could not be read', cause)
    }
    plan(isExact ? untilNextSample() : SAMPLED_EVERY_MS)
  }

  let running: Promise<void> = Promise.resolve()
  /** The next scan comes in `delayMs`, or earlier if it was planned so. */
  const plan = (delayMs: number): void => {
    const atMs = clock.monoMs() + delayMs
    if (isStopped || (timer && nextAtMs <= atMs)) return
    if (timer) clearTimeout(timer)
    nextAtMs = atMs
    timer = setTimeout(() => {
      timer = null
      running = running.then(turn)
    }, delayMs)
  }

  /**
   * Where no namespace holds the session, what left its parent before it was watched is known by
   * the mark in its environment alone.
   */
  const findMarked = async (): Promise<Map<number, ProcessRef>> => {
    const marked = isNamespaced ? [] : await options.finder.find(options.sessionId, [])
    return new Map(marked.map((process) => [process.pid, process]))
  }

  /**
   * The first processes, by the short way: they are in the tree before they are followed, so that
   * the events of what they start find them.
   */
  const followFirst = async (): Promise<void> => {
    for (let found = [rootPid]; found.length > 0; ) {
      const readings = await Promise.all(found.map((pid) => reader.reading(pid)))
      const before = [...tree.nodes.values()].map(({ reading }) => reading)
      merge([...before, ...readings.filter((item) => item !== null)])
      for (const pid of found) options.follow(pid)
      await options.sync()
      const children = await Promise.all([...tree.live.keys()].map(reader.children))
      found = children.flat().filter((pid) => !tree.live.has(pid))
    }
  }

  let settleReady = ignore
  const ready = new Promise<void>((resolve) => {
    settleReady = resolve
  })

  const begin = async (): Promise<void> => {
    const reason = await options.source
    report([{ type: 'proc/watching', source: reason === null ? 'connector' : 'sampler', reason }])
    isExact = reason === null
    if (!isExact) {
      settleReady()
      return turn()
    }
    isNamespaced = await reader.isNamespaced(rootPid)
    await followFirst()
    settleReady()
    // What it started before the kernel was asked is found by looking, until nothing new is found.
    for (let round = 0, found = 1; round < FIRST_ROUNDS && found > 0; round++) {
      found = await look({ isFresh: true, marked: await findMarked() })
      await options.sync()
    }
    plan(untilNextSample())
  }
  running = begin().catch((cause: unknown) => {
    settleReady()
    options.log.error('the processes of a session are not watched', cause)
  })

  const live = (): Known[] => [...tree.live.values()].flatMap((key) => tree.nodes.get(key) ?? [])

  const hasLiveChild = (parents: ReadonlySet<number>): boolean =>
    [...tree.nodes.values()].some((node) => !node.isEnded && parents.has(node.reading.ppid))

  return {
    ready,
    live,
    refresh: async () => {
      await options.source
      const looked = running.then(() => look({ isFresh: true }))
      running = looked.then(ignore, ignore)
      await looked
      return live()
    },
    adopt: async (pid) => {
      await options.source
      const adopting = running.then(async () => {
        const reading = await reader.reading(pid)
        if (!reading) return null
        const adopted = adoptInto(tree, reading)
        tree = adopted.tree
        report(adopted.facts)
        if (isExact) {
          options.follow(pid)
          await options.sync()
        }
        return keyOf(reading)
      })
      running = adopting.then(ignore, ignore)
      return adopting
    },
    take: (events) => {
      const wallOffsetMs = clock.wallMs() - clock.monoMs()
      const merged = mergeEvents(tree, events, {
        wallAt: (monoMs) => monoMs + wallOffsetMs,
        innerPid: (pid) => (isNamespaced ? reader.innerPidNow(pid) : null),
      })
      tree = merged.tree
      report(merged.facts)
      const ended = new Set(events.flatMap(({ type, pid }) => (type === 'exited' ? [pid] : [])))
      // Its children have another parent now, which no event tells.
      if (ended.size > 0 && hasLiveChild(ended)) plan(SAMPLED_EVERY_MS)
    },
    resync: () => {
      report([
        {
          type: 'proc/watching',
          source: 'connector',
          reason: 'the kernel dropped events; what was missed was looked for',
        },
      ])
      for (const pid of tree.live.keys()) options.follow(pid)
      plan(0)
    },
    sampleFromNow: (reason) => {
      isExact = false
      report([{ type: 'proc/watching', source: 'sampler', reason }])
      plan(0)
    },
    stop: async (rootExit) => {
      isStopped = true
      if (timer) clearTimeout(timer)
      await running
      if (rootExit && tree.live.has(rootPid)) endings.set(rootPid, rootExit)
      await look({ isFresh: true, isLast: true }).catch((cause: unknown) =>
        options.log.error('the processes of a session could not be read', cause),
      )
      options.over()
    },
  }
}
