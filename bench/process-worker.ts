import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { startPiped } from '../src/main/backends/spawn.ts'
import { newId } from '../src/main/core/ids.ts'
import type { Clock, Log } from '../src/main/core/ports.ts'
import { NO_COMMANDS } from '../src/main/core/process-roles.ts'
import { createTimeline } from '../src/main/core/timeline.ts'
import { readChildren } from '../src/main/procwatch/proc-files.ts'
import { createOrphanFinder } from '../src/main/procwatch/orphans.ts'
import { createMachineKernel, machineProc } from '../src/main/procwatch/machine-proc.ts'
import { createProcessReader } from '../src/main/procwatch/procfs.ts'
import { createProcessWatcher } from '../src/main/procwatch/watcher.ts'
import { createEventLog } from '../src/main/store/event-log.ts'
import type { Fact } from '../src/shared/domain/timeline.ts'
import { sampleSession } from '../test/helpers/recording.ts'

const clock: Clock = {
  wallMs: () => Date.now(),
  monoMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
}
const quiet = (): void => undefined
const log: Log = { info: quiet, warn: console.error, error: console.error }

/** What a host does for one session, in a process of its own; tells its pids, then what it saw. */
export async function watchAsHost(reader: string, scratch: string, rootPid: number): Promise<void> {
  const folder = mkdtempSync(join(scratch, 'recordings-'))
  const store = createEventLog(folder, '0.0.0', log)
  const timeline = createTimeline({ store, clock, log, blot: (_session, fact) => fact })
  const sessionId = newId('ses')
  await timeline.create(sampleSession(sessionId))
  timeline.watch(sessionId)((frame) => void JSON.stringify(frame))
  const names = new Set<string>()
  let started = 0
  const count = (fact: Fact): void => {
    if (fact.type === 'proc/started') started++
    const argv =
      fact.type === 'proc/exec' ? fact.argv : fact.type === 'proc/started' ? fact.node.argv : []
    const name = argv.find((word) => /^one\d{7}$/.test(word))
    if (name) names.add(name)
  }
  const watcher = createProcessWatcher({
    reader: createProcessReader(createMachineKernel(), clock),
    finder: createOrphanFinder(),
    startEvents: () => startPiped(reader),
    clock,
    log: { ...log, error: quiet },
  })
  const watch = watcher.watch({
    sessionId,
    commands: NO_COMMANDS,
    rootPid,
    report: (facts) => {
      facts.forEach(count)
      timeline.appendAll(sessionId, facts)
    },
  })
  await watch.ready
  process.send?.([process.pid, ...(await readChildren(machineProc, process.pid))])
  process.on('message', () => void end())

  const end = async (): Promise<void> => {
    await watch.stop()
    await watcher.close()
    await store.flush()
    rmSync(folder, { recursive: true, force: true })
    // The first process was there before.
    process.send?.({ seen: Math.max(0, started - 1), named: names.size })
  }
}
