import { resolve } from 'node:path'
import { startPiped } from '../../src/main/backends/spawn.ts'
import type { Clock, ProcessWatch } from '../../src/main/core/ports.ts'
import { NO_COMMANDS } from '../../src/main/core/process-roles.ts'
import { createOrphanFinder } from '../../src/main/procwatch/orphans.ts'
import { createMachineKernel } from '../../src/main/procwatch/machine-proc.ts'
import { createProcessReader, type ProcfsReader } from '../../src/main/procwatch/procfs.ts'
import { createProcessWatcher, type ProcessWatcher } from '../../src/main/procwatch/watcher.ts'
import type { ProcessNode } from '../../src/shared/domain/process.ts'
import { Fact } from '../../src/shared/domain/timeline.ts'
import { sessionId } from './recording.ts'

/** Built by `npm test` before it tests. */
export const READER = resolve(import.meta.dirname, '../../out/native/process-events')

/** The machine's own monotonic clock: events carry its times. */
export const machineClock: Clock = {
  wallMs: () => Date.now(),
  monoMs: () => Number(process.hrtime.bigint()) / 1e6,
}

export interface TestWatcher {
  readonly watcher: ProcessWatcher
  readonly reader: ProcfsReader
  readonly facts: Fact[]
  readonly faults: unknown[]
  watch(rootPid: number): ProcessWatch
  started(): ProcessNode[]
  /** The fact of the end, null while there is none. */
  endOf(node: ProcessNode | undefined): Extract<Fact, { type: 'proc/ended' }> | null
  /** Ends it; every fact so far was valid and nothing failed. */
  close(): Promise<void>
}

export function createTestWatcher(source: 'connector' | 'sampler', program = READER): TestWatcher {
  const facts: Fact[] = []
  const faults: unknown[] = []
  const watches: ProcessWatch[] = []
  const reader = createProcessReader(createMachineKernel(), machineClock)
  const watcher = createProcessWatcher({
    reader,
    finder: createOrphanFinder(),
    startEvents: () => startPiped(source === 'connector' ? program : '/nowhere/process-events'),
    clock: machineClock,
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: (...fault) => faults.push(fault),
    },
  })
  return {
    watcher,
    reader,
    facts,
    faults,
    watch: (rootPid) => {
      const watch = watcher.watch({
        sessionId: sessionId(1),
        commands: NO_COMMANDS,
        rootPid,
        report: (more) => facts.push(...more),
      })
      watches.push(watch)
      return watch
    },
    started: () => facts.flatMap((fact) => (fact.type === 'proc/started' ? [fact.node] : [])),
    endOf: (node) => {
      for (const fact of facts)
        if (fact.type === 'proc/ended' && fact.key === node?.key) return fact
      return null
    },
    close: async () => {
      await Promise.all(watches.map((watch) => watch.stop()))
      await watcher.close()
      for (const fact of facts) Fact.parse(fact)
      if (faults.length > 0) throw new Error(JSON.stringify(faults))
    },
  }
}
