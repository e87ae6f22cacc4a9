import { join } from 'node:path'
import { startPiped } from './backends/spawn.ts'
import type { Clock, GuestKernel, Log, OrphanFinder, Sandbox } from './core/ports.ts'
import type { SessionProcesses } from './core/session-processes.ts'
import type { ReaderProcess } from './procwatch/event-reader.ts'
import { createGuestKernel } from './procwatch/guest-proc.ts'
import { createProcessInspector } from './procwatch/inspect.ts'
import { createMachineKernel } from './procwatch/machine-proc.ts'
import { createOrphanFinder } from './procwatch/orphans.ts'
import { createProcessReader } from './procwatch/procfs.ts'
import { createGuestSignals, createProcessSignals } from './procwatch/signals.ts'
import { createProcessWatcher } from './procwatch/watcher.ts'

export interface ProcessesOptions {
  /** Folder of the built entries. */
  readonly entries: string
  readonly clock: Clock
  readonly log: Log
}

export interface Processes {
  of(sandbox: Pick<Sandbox, 'rootPid' | 'kernel'>): SessionProcesses
  /** This machine's, whoever they belong to. */
  readonly machine: Pick<SessionProcesses, 'reader' | 'signals' | 'inspector'>
  /** Looks on this machine only: what runs in another kernel ends with it. */
  readonly finder: OrphanFinder
  /** null: this machine's kernel tells of every start and end; otherwise why they are sampled. */
  reason(): Promise<string | null>
  close(): Promise<void>
}

/** Whoever looks at processes, or signals them: once for this machine, and for each other kernel. */
export function createProcesses({ entries, clock, log }: ProcessesOptions): Processes {
  const kernel = createMachineKernel()
  const reader = createProcessReader(kernel, clock)
  const finder = createOrphanFinder()
  const watcher = createProcessWatcher({
    ...{ reader, finder, clock, log },
    startEvents: () => startPiped(join(entries, '../native/process-events')),
  })
  const machine = {
    reader,
    watch: watcher.watch,
    signals: createProcessSignals(),
    inspector: createProcessInspector(kernel),
    close: () => Promise.resolve(),
  }
  const guests = new WeakMap<GuestKernel, SessionProcesses>()
  return {
    of: (sandbox) => {
      if (!sandbox.kernel) return { ...machine, rootPid: sandbox.rootPid }
      const known = guests.get(sandbox.kernel) ?? createGuestProcesses(sandbox.kernel, clock, log)
      guests.set(sandbox.kernel, known)
      return known
    },
    machine,
    finder,
    reason: watcher.reason,
    close: watcher.close,
  }
}

function createGuestProcesses(guest: GuestKernel, clock: Clock, log: Log): SessionProcesses {
  const kernel = createGuestKernel(guest.proc)
  const reader = createProcessReader(kernel, clock)
  const watcher = createProcessWatcher({
    ...{ reader, clock, log },
    // All that runs there is the session's: nothing is told apart by a mark.
    finder: { find: () => Promise.resolve([]) },
    startEvents: () => startGuestEvents(guest),
  })
  return {
    rootPid: guest.rootPid,
    reader,
    watch: watcher.watch,
    signals: createGuestSignals(guest),
    inspector: createProcessInspector(kernel),
    close: watcher.close,
  }
}

function startGuestEvents(guest: GuestKernel): ReaderProcess {
  const { stdin, stdout } = guest.events()
  // A channel that breaks closes as well, which is what counts.
  stdout.on('error', () => undefined)
  return {
    ...{ stdin, stdout, isInGuest: true },
    on: (event, listener) => (event === 'exit' ? stdout.on('close', listener) : stdout),
  }
}
