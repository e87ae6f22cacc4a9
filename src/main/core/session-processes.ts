import type {
  ProcessInspector,
  ProcessReader,
  ProcessSignals,
  ProcessWatch,
  WatchRequest,
} from './ports.ts'

/** The processes of one session, in whichever kernel they run. */
export interface SessionProcesses {
  /** Its first process, as that kernel numbers it: what `reader` and `watch` are asked with. */
  readonly rootPid: number
  readonly reader: ProcessReader
  watch(request: WatchRequest): ProcessWatch
  readonly signals: ProcessSignals
  readonly inspector: ProcessInspector
  /** Listens to a kernel of its own no more; resolves when that does not talk any more. */
  close(): Promise<void>
}
