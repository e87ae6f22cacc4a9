import type { SessionId } from '../../shared/domain/ids.ts'
import type { ProcessRef, Sandbox } from './ports.ts'

/** What a freeze is about; `members` is asked again until nothing new turns up. */
export interface FreezeScope {
  readonly sessionId: SessionId
  /** A freezer that works on whole sessions only may be used. */
  readonly isWholeSession: boolean
  readonly members: () => Promise<readonly ProcessRef[]>
}

export interface Freezer {
  /** How many it stopped, and how many still run. */
  freeze(scope: FreezeScope): Promise<{ readonly affected: number; readonly remained: number }>
  thaw(scope: FreezeScope): Promise<{ readonly affected: number; readonly remained: number }>
}

/** The kernel's freezer for whole sessions where the sandbox has one, the walk for all else. */
export function createFreezer(
  holdOf: (session: SessionId) => Sandbox['hold'],
  walk: Freezer,
): Freezer {
  const set = async (scope: FreezeScope, isHeld: boolean): ReturnType<Freezer['freeze']> => {
    const bySignals = (): ReturnType<Freezer['freeze']> => walk[isHeld ? 'freeze' : 'thaw'](scope)
    const hold = scope.isWholeSession ? holdOf(scope.sessionId) : null
    if (!hold) return bySignals()
    // Whoever is held may not be able to say who is a member.
    const affected = isHeld ? (await scope.members()).length : 0
    const hasObeyed = await hold(isHeld).catch(() => false)
    // Parts of it may have been stopped on their own before.
    return isHeld && hasObeyed ? { affected, remained: 0 } : bySignals()
  }
  return { freeze: (scope) => set(scope, true), thaw: (scope) => set(scope, false) }
}
