import type { Fact } from '../../../src/shared/domain/timeline.ts'
import type { Transport } from '../../../src/shared/rpc/transport.ts'
import type { FakeProcesses } from './processes.ts'

export type Scenario =
  | 'busy'
  | 'quiet'
  | 'first-run'
  | 'blocked'
  | 'flood'
  | 'question'
  | 'engine'
  | 'policy'
  | 'bad-policy'
  | 'orphans'
  | 'incompatible'
  | 'silent'

/** How a probe that was asked for comes back. */
export type ProbeEnd = 'held' | 'drift' | 'not_live' | 'fault'

export interface FakeHost {
  readonly open: () => Promise<Transport>
  /** Breaks the pipe, and refuses new ones while `isAway`. */
  drop(isAway: boolean): void
  raise(host: string): void
  /** The agent asks questions of its own. */
  ask(): void
  /** Answers the probe that waits. */
  endProbe(how: ProbeEnd): void
  report(id: string, fact: Fact): void
  storm: FakeProcesses['storm']
  /** What reached the host: text of keys typed, answers given. */
  readonly seen: string[]
}
