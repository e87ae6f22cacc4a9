import type { SessionId } from '../../shared/domain/ids.ts'
import type { ProcessKey } from '../../shared/domain/process.ts'
import type {
  ControlAction,
  ControlError,
  ControlOutcome,
  ControlScope,
  ProcessDetails,
} from '../../shared/domain/process-details.ts'
import { isLive } from '../../shared/domain/session.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { Freezer } from './freezer.ts'
import { endProcesses } from './process-end.ts'
import type { Known } from './processes.ts'
import type { Clock, ProcessInspector, ProcessRef, ProcessSignals, ProcessWatch } from './ports.ts'
import type { Sessions } from './sessions.ts'
import type { Timeline } from './timeline.ts'

export interface ProcessControlOptions {
  readonly sessions: Pick<Sessions, 'get' | 'all' | 'watchOf' | 'stop'>
  readonly timeline: Pick<Timeline, 'append' | 'state'>
  /** How its processes are signalled and looked at; one that is over has this machine's. */
  readonly processesOf: (session: SessionId) => {
    readonly signals: ProcessSignals
    readonly inspector: ProcessInspector
  }
  readonly freezer: Freezer
  readonly clock: Clock
  /** Milliseconds a process gets to end by itself before it is killed. */
  readonly graceMs: number
}

export interface ProcessControl {
  control(scope: ControlScope, action: ControlAction): Promise<Result<ControlOutcome, ControlError>>
  details(session: SessionId, key: ProcessKey): Promise<ProcessDetails>
  /** As `sessions.stop`, but what was frozen may end by itself. */
  stopSession(id: SessionId): ReturnType<Sessions['stop']>
}

const refOf = ({ reading }: Known): ProcessRef => reading

/**
 * What a person does to processes. Only members of the named session are ever signalled: who is
 * one is looked up in its watch, never taken from the request.
 */
export function createProcessControl(options: ProcessControlOptions): ProcessControl {
  const { sessions, processesOf, freezer, timeline } = options

  const watchOf = (id: SessionId): Result<ProcessWatch, ControlError> => {
    if (!sessions.get(id)) return err({ type: 'unknown_session' })
    const watch = sessions.watchOf(id)
    return watch ? ok(watch) : err({ type: 'not_live' })
  }

  const apply = (
    action: ControlAction,
    session: SessionId,
    isWholeSession: boolean,
    members: () => Promise<readonly ProcessRef[]>,
  ): Promise<ControlOutcome> => {
    if (action === 'freeze' || action === 'thaw')
      return freezer[action]({ sessionId: session, isWholeSession, members })
    const graceMs = action === 'stop' ? options.graceMs : 0
    const { signals } = processesOf(session)
    return endProcesses({ signals, clock: options.clock, members, graceMs })
  }

  const controlPart = async (
    { kind, session, key }: Extract<ControlScope, { key: ProcessKey }>,
    action: ControlAction,
  ): Promise<Result<ControlOutcome, ControlError>> => {
    const watch = watchOf(session)
    if (!watch.ok) return watch
    const isMeant = (node: Known): boolean =>
      node.key === key || (kind === 'subtree' && node.lineage.includes(key))
    const members = async (): Promise<ProcessRef[]> =>
      (await watch.value.refresh()).filter(isMeant).map(refOf)
    if (!(await watch.value.refresh()).some(isMeant)) return err({ type: 'process_gone' })
    const outcome = await apply(action, session, false, members)
    timeline.append(session, { type: 'proc/controlled', action, scope: kind, key, ...outcome })
    return ok(outcome)
  }

  const controlSession = async (
    session: SessionId,
    action: ControlAction,
  ): Promise<Result<ControlOutcome, ControlError>> => {
    const watch = watchOf(session)
    if (!watch.ok) return watch
    const members = async (): Promise<ProcessRef[]> => (await watch.value.refresh()).map(refOf)
    if (action === 'freeze' || action === 'thaw') {
      const outcome = await apply(action, session, true, members)
      const scope = { scope: 'session', key: null } as const
      timeline.append(session, { type: 'proc/controlled', action, ...scope, ...outcome })
      return ok(outcome)
    }
    const affected = (await members()).length
    const stopped = await (action === 'stop'
      ? stopSession(session)
      : sessions.stop(session, { isForced: true }))
    if (!stopped.ok) return stopped
    return ok({ affected, remained: watch.value.live().length })
  }

  const hasStopped = async (id: SessionId, watch: ProcessWatch): Promise<boolean> => {
    const { signals } = processesOf(id)
    const states = await Promise.all(watch.live().map(({ reading }) => signals.state(reading)))
    return states.includes('T')
  }

  /** A frozen program can do nothing about being asked to end. */
  const stopSession: ProcessControl['stopSession'] = async (id) => {
    const watch = sessions.watchOf(id)
    if (watch && (timeline.state(id)?.frozen || (await hasStopped(id, watch))))
      await freezer.thaw({
        sessionId: id,
        isWholeSession: true,
        members: async () => (await watch.refresh()).map(refOf),
      })
    return sessions.stop(id)
  }

  return {
    stopSession,
    control: async (scope, action) => {
      if (scope.kind === 'session') return controlSession(scope.session, action)
      if (scope.kind !== 'everything') return controlPart(scope, action)
      const live = sessions.all().filter((session) => isLive(session))
      const outcomes = await Promise.all(live.map(({ id }) => controlSession(id, action)))
      // One that ended meanwhile needs nothing any more.
      const done = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []))
      const sum = (pick: (outcome: ControlOutcome) => number): number =>
        done.reduce((total, outcome) => total + pick(outcome), 0)
      return ok({ affected: sum((item) => item.affected), remained: sum((item) => item.remained) })
    },
    details: async (id, key) => {
      const session = sessions.get(id)
      if (!session) return { type: 'unknown_session' }
      const member = sessions
        .watchOf(id)
        ?.live()
        .find((node) => node.key === key)
      const { inspector } = processesOf(id)
      const inspection = member && (await inspector.inspect(member.reading, session.spec.workspace))
      if (!inspection) return { type: 'gone' }
      return { type: 'found', inspection }
    },
  }
}
