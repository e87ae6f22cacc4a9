import type { SessionId } from '../../../shared/domain/ids.ts'
import type { Requester, Rule } from '../../../shared/domain/policy.ts'

/** From where a connection is asked for. */
export interface Asker {
  readonly sessionId: SessionId
  readonly workspace: string
  /** null: the kernel no longer knew; then no rule for a process covers it. */
  readonly requester: Requester | null
}

/** Whether a rule speaks of this asker at all; its action and host do not matter here. */
export function isInScope({ scope }: Pick<Rule, 'scope'>, asker: Asker): boolean {
  switch (scope.kind) {
    case 'process':
      return scope.sessionId === asker.sessionId && isOfTree(asker.requester, scope.process)
    case 'session':
      return scope.sessionId === asker.sessionId
    case 'workspace':
      return scope.workspace === asker.workspace
    case 'everywhere':
      return true
  }
}

/** The process itself or anything it started, however far down. */
const isOfTree = (requester: Requester | null, key: string): boolean =>
  requester !== null &&
  [requester.process, ...requester.ancestors].some((process) => process.key === key)

/** Narrow before wide: what explains a decision best. */
export const SCOPE_ORDER = { process: 0, session: 1, workspace: 2, everywhere: 3 } as const
