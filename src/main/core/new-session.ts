import type { SessionId } from '../../shared/domain/ids.ts'
import type { Session, SessionSpec } from '../../shared/domain/session.ts'
import type { Prepared } from './session-preparation.ts'

interface Origin {
  readonly id: SessionId
  readonly asked: SessionSpec
  readonly nowMs: number
  /** The session it restarts; null: none. */
  readonly continues: SessionId | null
}

/** A session as it is before anything of it exists. Pure. */
export function newSession(
  { spec, governed, plan, agentName, title }: Prepared,
  { id, asked, nowMs, continues }: Origin,
): Session {
  // The folder as the boundary sees it; the typed word counted for this start only.
  const known = { workspace: plan.workspace, acknowledgement: null }
  return {
    id,
    spec: { ...spec, ...known },
    asked: governed ? { ...asked, ...known } : null,
    title,
    agentName,
    status: 'starting',
    createdAtMs: nowMs,
    startedAtMs: null,
    endedAtMs: null,
    exit: null,
    failure: null,
    axes: [],
    limits: [],
    policy: null,
    governed,
    networkNow: null,
    review: null,
    continues,
    pendingPrompts: 0,
  }
}
