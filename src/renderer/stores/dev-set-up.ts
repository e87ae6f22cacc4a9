import type { DevContainer } from '../../shared/domain/dev-container.ts'
import type { EngineImage } from '../../shared/domain/engine.ts'
import { NO_LIMITS } from '../../shared/domain/limits.ts'
import { BASIC_SPEC, type Session, type SessionSpec } from '../../shared/domain/session.ts'
import { specOfDetails, useDetails } from './draft-details.ts'
import { useDraft } from './draft.ts'
import { useMachine } from './machine.ts'
import { createSession } from './session-actions.ts'
import { setUi } from './ui.ts'

/** The engine's own entry; undefined: it does not have it, or is not known to. */
export const imageNamed = (
  images: readonly EngineImage[] | null,
  wanted: string | null,
): EngineImage | undefined =>
  images?.find(({ name }) => name === wanted || name === `${wanted}:latest`)

/** The same boundary and hosts as the session that is put together; in the agent's place the create commands. */
export function specOfSetUp({ name, path, hash }: DevContainer): SessionSpec {
  const { workspace, network, grants } = useDraft.getState()
  const defaults = useMachine.getState().info?.defaultLimits ?? NO_LIMITS
  return {
    ...BASIC_SPEC,
    ...{ agent: 'shell', command: null, workspace: workspace.trim(), level: 'container' },
    ...{ title: `Set up ${name}`.slice(0, 120), network, grants: [...grants], useSignIn: false },
    ...specOfDetails(useDetails.getState(), { level: 'container', defaults }),
    ...{ learn: false, devContainer: { path, hash, setsUp: true }, acknowledgement: null },
  }
}

/** A session of its own, which a person follows and answers as any other. */
export async function setUpDevContainer(dev: DevContainer): Promise<void> {
  if (useDraft.getState().isStarting) return
  useDraft.setState({ isStarting: true, failure: null, problem: null })
  const created = await createSession(specOfSetUp(dev))
  useDraft.setState({ isStarting: false })
  if (created.ok) setUi({ overlay: null })
  else if (typeof created.error === 'string') useDraft.setState({ problem: created.error })
  else useDraft.setState({ failure: created.error })
}

/** The newest session that set it up, or tried to, as it is now. */
export function lastSetUp(
  sessions: Iterable<Session>,
  workspace: string,
  { path, hash }: DevContainer,
): Session | null {
  let last: Session | null = null
  for (const session of sessions) {
    const { spec } = session
    const { devContainer: dev } = spec
    const isOfIt = dev?.setsUp && dev.path === path && dev.hash === hash
    if (!isOfIt || spec.workspace !== workspace) continue
    if (last === null || session.createdAtMs > last.createdAtMs) last = session
  }
  return last
}
