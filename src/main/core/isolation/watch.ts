import type { Fact } from '../../../shared/domain/timeline.ts'
import type { Log, Sandbox } from '../ports.ts'

/** Milliseconds between two looks; one is a few reads of /proc. */
const INTERVAL_MS = 2_000

export interface IsolationWatch {
  stop(): void
}

/**
 * Notices when a running boundary no longer stands as planned: somebody outside removed or replaced
 * what a mount covered, and the kernel dropped the mount. Then it is probed again, which says what
 * is open now, and again when it is whole.
 */
export function watchIsolation(
  sandbox: Pick<Sandbox, 'hasDrifted' | 'probe'>,
  report: (fact: Fact) => void,
  log: Log,
): IsolationWatch {
  let wasDrifted = false
  let isStopped = false
  let timer: NodeJS.Timeout | null = null
  const look = async (): Promise<void> => {
    const isDrifted = await sandbox.hasDrifted()
    if (isStopped || isDrifted === wasDrifted) return
    const axes = await sandbox.probe()
    wasDrifted = isDrifted
    if (!isStopped) report({ type: 'isolation/reported', axes: [...axes] })
  }
  const next = (): void => {
    timer = setTimeout(() => {
      look()
        .catch((cause: unknown) => log.error('a boundary could not be looked at', cause))
        .finally(() => {
          if (!isStopped) next()
        })
    }, INTERVAL_MS)
  }
  next()
  return {
    stop: () => {
      isStopped = true
      if (timer) clearTimeout(timer)
    },
  }
}
