import type { SessionId } from '../../shared/domain/ids.ts'
import type { Freezer, FreezeScope, Sandbox } from './ports.ts'

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
