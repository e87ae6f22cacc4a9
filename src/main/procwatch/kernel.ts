import type { ProcessInspection } from '../../shared/domain/process-details.ts'
import type { ProcessReader, ProcFiles } from '../core/ports.ts'

/** A kernel whose processes are looked at: this machine's, or one that can only be asked. */
export interface WatchedKernel {
  readonly proc: ProcFiles
  /** Rejects when that cannot be said. */
  pids(): Promise<number[]>
  /** A process outside of every sandbox: whoever shares its pid namespace has none of its own. */
  readonly outerPid: number
  /**
   * Pid of a process in its own namespace, without waiting, for the moment of a start: a process may
   * live no longer than a wait. null: it has none, or cannot be seen that fast.
   */
  innerPidNow(pid: number): number | null
  readonly holding: ProcessReader['holding']
  readonly counters: ProcessReader['counters']
  executable(pid: number, workspace: string): Promise<ProcessInspection['executable']>
}
