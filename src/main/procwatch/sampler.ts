import type { ExitStatus } from '../../shared/domain/process.ts'
import type { Fact } from '../../shared/domain/timeline.ts'
import type { Clock, Log } from '../core/ports.ts'
import { emptyTree, mergeScan, type ProcessReading } from '../core/processes.ts'
import type { ProcfsReader } from './procfs.ts'

const INTERVAL_MS = 200

export interface SamplerOptions {
  readonly rootPid: number
  /** One reader for every session: their scans share one listing of /proc. */
  readonly reader: ProcfsReader
  readonly clock: Clock
  readonly log: Log
  readonly report: (fact: Fact) => void
}

export interface Sampler {
  /**
   * Looks a last time and reports what ended. `rootExit`: how the session's first process ended,
   * from whoever started it; a scan seldom sees that itself.
   */
  stop(rootExit?: ExitStatus): Promise<void>
}

/**
 * Watches the processes of one session five times a second. What lives shorter than that may be
 * missed; how a process ended is known only when a scan met it between its end and its reaping.
 */
export function startSampler(options: SamplerOptions): Sampler {
  const { rootPid, reader, clock, report } = options
  let tree = emptyTree(clock.monoMs())
  let isStopped = false
  let timer: NodeJS.Timeout | null = null
  const endings = new Map<number, ExitStatus>()

  const look = async (): Promise<void> => {
    const previous = new Map<number, ProcessReading>()
    for (const { reading } of tree.nodes.values()) previous.set(reading.pid, reading)
    const readings = await reader.scan(rootPid, previous)
    const merged = mergeScan(tree, readings, clock.monoMs(), endings)
    tree = merged.tree
    for (const fact of merged.facts) report(fact)
  }

  const turn = async (): Promise<void> => {
    try {
      await look()
    } catch (cause) {
      options.log.error('the processes of a session could not be read', cause)
    }
    if (!isStopped) timer = setTimeout(() => void begin(), INTERVAL_MS)
  }

  let running = Promise.resolve()
  const begin = (): Promise<void> => {
    running = turn()
    return running
  }
  void begin()

  return {
    stop: async (rootExit) => {
      isStopped = true
      if (timer) clearTimeout(timer)
      await running
      if (rootExit) endings.set(rootPid, rootExit)
      await begin()
    },
  }
}
