import type { SessionChange } from '../../shared/contract/api.ts'
import type { Caller, StreamSource } from '../../shared/contract/define.ts'
import type { EffectivePolicy } from '../../shared/domain/effective-policy.ts'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { AxisReport } from '../../shared/domain/isolation.ts'
import type { LimitName, Limits } from '../../shared/domain/limits.ts'
import type { NetworkMode } from '../../shared/domain/network-mode.ts'
import type { Rule } from '../../shared/domain/policy.ts'
import type { ExitStatus } from '../../shared/domain/process.ts'
import {
  isLive,
  type Session,
  type SessionSpec,
  type StartFailure,
} from '../../shared/domain/session.ts'
import { type SpecChanges, withChanges } from '../../shared/domain/spec-changes.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { createBroadcast } from './broadcast.ts'
import { deferred } from './deferred.ts'
import type { Forwards } from './forwards.ts'
import type { FurtherTerminals } from './further-terminals.ts'
import type { NewId } from './ids.ts'
import { type Plan, planOnCopy } from './isolation/plan.ts'
import { type LiveParts, startBoundary, type BoundaryPorts } from './launch.ts'
import type { OrphanBook } from './orphans.ts'
import type { RuleBook } from './policy/rules.ts'
import { newSession } from './new-session.ts'
import { createNetworkModes } from './network-modes.ts'
import { createRuleCuts } from './rule-cuts.ts'
import type { EgressGateway } from './egress-port.ts'
import type { Log, ProcessWatch, Sandbox } from './ports.ts'
import type { Prompts } from './prompts.ts'
import type { Questions } from './questions.ts'
import type { Reviews } from './reviews.ts'
import type { Secrets } from './secrets.ts'
import { grantedRules } from './session-grants.ts'
import { createSessionPreparation, type PreparationOptions } from './session-preparation.ts'
import type { PtyHost } from './terminal-port.ts'
import type { Timeline } from './timeline.ts'

export interface SessionsOptions extends BoundaryPorts, PreparationOptions {
  readonly log: Log
  readonly timeline: Timeline
  readonly egress: EgressGateway
  readonly ptyHost: PtyHost
  readonly prompts: Prompts
  readonly questions: Questions
  readonly rules: RuleBook
  readonly forwards: Forwards
  readonly terminals: Pick<FurtherTerminals, 'endAll' | 'forget'>
  readonly secrets: Secrets
  readonly orphans: Pick<OrphanBook, 'started' | 'ended'>
  readonly reviews: Pick<Reviews, 'begin' | 'failed' | 'ended' | 'forget'>
  readonly newId: NewId
  /** Milliseconds a program gets to end by itself before its sandbox is destroyed. */
  readonly graceMs: number
}

type UnknownSession = { readonly type: 'unknown_session' }

export interface Sessions {
  create(spec: SessionSpec, caller: Pick<Caller, 'shell'>): Promise<Result<Session, StartFailure>>
  /** What `create` would build from this spec. */
  preview(
    spec: SessionSpec,
    caller: Pick<Caller, 'shell'>,
  ): Promise<Result<EffectivePolicy, StartFailure>>
  /** Tries the boundary of a live session again; the result is also an event. */
  probe(
    id: SessionId,
  ): Promise<Result<AxisReport[], UnknownSession | { readonly type: 'not_live' }>>
  /** What becomes of connections that no rule covers, from now on; `forMs`: for so long. Probed again after it. */
  setNetwork(
    id: SessionId,
    mode: NetworkMode,
    forMs: number | null,
  ): Promise<
    Result<null, UnknownSession | { readonly type: 'not_live' } | { readonly type: 'not_confined' }>
  >
  networkModeOf(id: SessionId): NetworkMode
  /** At once, or not at all where one of them cannot be changed while it runs. */
  setLimits(
    id: SessionId,
    limits: Limits,
  ): Promise<
    Result<
      null,
      | UnknownSession
      | { readonly type: 'not_live' }
      | { readonly type: 'needs_restart'; readonly limits: LimitName[] }
    >
  >
  /** `changes`: with another isolation; where that cannot be started, nothing is stopped. */
  restart(
    id: SessionId,
    caller: Pick<Caller, 'shell'>,
    changes: SpecChanges,
  ): Promise<Result<Session, StartFailure | UnknownSession>>
  /** `isForced`: without asking the program first. */
  stop(
    id: SessionId,
    how?: { readonly isForced: boolean },
  ): Promise<Result<null, UnknownSession | { readonly type: 'not_live' }>>
  rename(id: SessionId, title: string): Result<null, UnknownSession>
  /** `discardsReview`: with the copy of the workspace that only this session still has. */
  remove(
    id: SessionId,
    discardsReview?: boolean,
  ): Promise<Result<null, UnknownSession | { readonly type: 'still_live' | 'open_review' }>>
  /** The sandbox of a live session, for who works on it through its port. */
  sandbox(id: SessionId): Result<Sandbox, UnknownSession | { readonly type: 'not_live' }>
  get(id: SessionId): Session | null
  /** null: it does not run (yet, or any more). */
  watchOf(id: SessionId): ProcessWatch | null
  all(): Session[]
  readonly watch: StreamSource<Session[], SessionChange>
  /** Revoked or expired: cuts the live connections that only this rule allowed. */
  ruleRemoved(rule: Rule): void
  ruleAdded(rule: Rule): void
  /** Made, changed or revoked by hand. */
  ruleEdited(before: Rule | null, after: Rule | null): void
  /** PTY host events, wired by the composition root. */
  exited(id: SessionId, exit: ExitStatus): void
  ptyHostLost(): void
  stopAll(): Promise<void>
}

interface Live extends LiveParts {
  readonly plan: Plan
  readonly ended: Promise<void>
  readonly resolveEnded: () => void
}

/** Owns the life of every session; the only writer of `session/*` facts. */
export function createSessions(options: SessionsOptions): Sessions {
  const { timeline, clock, ptyHost } = options
  const preparation = createSessionPreparation(options)
  const live = new Map<SessionId, Live>()
  /** Aborted, with its ExitStatus, when a session's first process ends, even while it starts. */
  const exits = new Map<SessionId, AbortController>()
  const { tell, watch } = createBroadcast<Session[], SessionChange>(timeline.sessions)
  timeline.onSessionChange((session) => tell({ type: 'set', session }))

  const get = (id: SessionId): Session | null => timeline.state(id)?.session ?? null

  const sandboxOf: Sessions['sandbox'] = (id) => {
    if (!get(id)) return err({ type: 'unknown_session' })
    const parts = live.get(id)
    return parts ? ok(parts.sandbox) : err({ type: 'not_live' })
  }

  /** A review's plan stands on its copy. */
  const place = async (session: Session, plan: Plan): Promise<Result<Plan, StartFailure>> => {
    if (!plan.isReview) return ok(plan)
    const copy = await options.reviews.begin(session)
    if (copy.ok) return ok(planOnCopy(plan, copy.value))
    return err({ type: 'review_refused', path: plan.workspace, reason: copy.error })
  }

  const start = async (
    asked: SessionSpec,
    caller: Pick<Caller, 'shell'>,
    continues: { readonly id: SessionId; readonly changes: SpecChanges } | null,
  ): Promise<Result<Session, StartFailure>> => {
    const ready = await preparation.prepare(asked, caller, continues !== null)
    if (!ready.ok) return ready
    const { plan, backend, inspection } = ready.value
    const unusable = await preparation.whyUnusable(backend.level)
    if (unusable) {
      await options.planner.release(plan)
      return unusable
    }

    const id = options.newId('ses')
    const session = newSession(ready.value, {
      ...{ id, asked, nowMs: clock.wallMs(), continues: continues?.id ?? null },
    })
    const created = await timeline.create(session)
    if (!created.ok) {
      await options.planner.release(plan)
      return created
    }
    options.secrets.hold(id, plan.secrets)
    if (continues && !isEmpty(continues.changes))
      timeline.append(id, { type: 'isolation/changed', changes: continues.changes })
    const exit = new AbortController()
    exits.set(id, exit)
    for (const rule of grantedRules(session, options.newId, clock.wallMs())) {
      options.rules.put(rule)
      timeline.append(id, { type: 'rule/added', rule })
    }

    const placed = await place(session, plan)
    const started = placed.ok
      ? await startBoundary({
          ...options,
          session,
          plan: placed.value,
          backend,
          inspection,
          modeOf: modes.of,
          exited: exit.signal,
          report: (fact) => timeline.append(id, fact),
          reportAll: (facts) => timeline.appendAll(id, facts),
          monoOriginMs: timeline.monoOriginMs(id),
        })
      : placed
    if (!started.ok) {
      preparation.doubt(backend.level)
      exits.delete(id)
      options.rules.forgetSession(id)
      options.prompts.cancel(id)
      timeline.append(id, { type: 'session/failed', failure: started.error })
      await options.reviews.failed(id)
      options.secrets.forget(id)
      await options.planner.release(plan)
      return started
    }
    const { promise, resolve } = deferred()
    live.set(id, { ...started.value, plan, ended: promise, resolveEnded: resolve })
    const { axes, limits } = started.value.sandbox
    timeline.append(id, { type: 'isolation/planned', policy: started.value.policy })
    timeline.append(id, { type: 'isolation/reported', axes: [...axes] })
    timeline.append(id, { type: 'limits/reported', limits: [...limits] })
    timeline.append(id, { type: 'session/started', rootPid: started.value.sandbox.rootPid })
    // Nothing the agent starts may come before its watch.
    await Promise.all([
      started.value.processes.ready,
      options.orphans.started(id, started.value.sandbox.rootPid),
    ])
    await started.value.sandbox.release()
    if (exit.signal.aborted) await end(id, exit.signal.reason as ExitStatus)
    return ok(get(id) ?? session)
  }

  const end = async (id: SessionId, exit: ExitStatus): Promise<void> => {
    const parts = live.get(id)
    if (!parts || !exits.delete(id)) return
    options.prompts.cancel(id)
    options.questions.cancel(id)
    parts.watch.stop()
    options.forwards.closeAll(id)
    await parts.egress?.close()
    // A kernel of its own goes with the sandbox: that it falls silent then is no fault.
    await Promise.all([options.processesOf(parts.sandbox).close(), parts.sandbox.destroy()])
    await options.terminals.endAll(id)
    await parts.files?.close()
    await parts.processes.stop(exit)
    // Numbers of another kernel name other processes here.
    const survivors = parts.sandbox.kernel ? [] : parts.processes.live()
    await options.orphans.ended(
      id,
      survivors.map(({ reading }) => reading),
    )
    options.rules.forgetSession(id)
    modes.forget(id)
    timeline.append(id, { type: 'session/ended', exit })
    options.secrets.forget(id)
    await options.planner.release(parts.plan)
    live.delete(id)
    if (parts.plan.isReview) await options.reviews.ended(id)
    parts.resolveEnded()
  }

  const fail = (id: SessionId) => (cause: unknown) =>
    options.log.error(`session ${id} could not be ended cleanly`, cause)

  const probe: Sessions['probe'] = async (id) => {
    const sandbox = sandboxOf(id)
    if (!sandbox.ok) return sandbox
    const axes = [...(await sandbox.value.probe())]
    timeline.append(id, { type: 'isolation/reported', axes })
    return ok(axes)
  }

  const modes = createNetworkModes({
    ...{ clock, live, get, rules: options.rules, report: timeline.append },
    log: options.log,
    switched: async (id) => {
      options.prompts.rulesChanged()
      await probe(id)
    },
  })
  const cuts = createRuleCuts({ live, get, rules: options.rules, report: timeline.append })

  const stop: Sessions['stop'] = async (id, { isForced } = { isForced: false }) => {
    const session = get(id)
    if (!session) return err({ type: 'unknown_session' })
    const parts = live.get(id)
    if (!parts) return err({ type: 'not_live' })
    if (session.status !== 'stopping') {
      timeline.append(id, { type: 'session/stopping', by: 'person' })
      if (!isForced) await parts.sandbox.terminate()
    }
    const isGone = await Promise.race([
      parts.ended.then(() => true),
      new Promise<false>((resolve) =>
        setTimeout(() => resolve(false), isForced ? 0 : options.graceMs),
      ),
    ])
    // The PTY host reports the exit once the sandbox is gone; that path ends the session.
    if (!isGone) await parts.sandbox.destroy()
    await parts.ended
    return ok(null)
  }

  const preview: Sessions['preview'] = async (spec, caller) => {
    const ready = await preparation.prepare(spec, caller, false)
    if (!ready.ok) return ready
    const { backend, plan } = ready.value
    const described = await backend.describe(plan)
    await options.planner.release(plan)
    return described
  }

  return {
    create: (spec, caller) => start(spec, caller, null),
    preview,
    probe,
    restart: async (id, caller, changes) => {
      const session = get(id)
      if (!session) return err({ type: 'unknown_session' })
      // The workspace's policy is applied to it as it is now.
      const spec = withChanges(session.asked ?? session.spec, changes)
      // What cannot be had so is found before anything is stopped.
      if (!isEmpty(changes)) {
        const described = await preview(spec, caller)
        if (!described.ok) return described
        const unusable = await preparation.whyUnusable(spec.level)
        if (unusable) return unusable
      }
      if (live.has(id)) await stop(id)
      return start(spec, caller, { id, changes })
    },
    stop,
    rename: (id, title) => {
      if (!get(id)) return err({ type: 'unknown_session' })
      timeline.append(id, { type: 'session/renamed', title })
      return ok(null)
    },
    remove: async (id, discardsReview = false) => {
      const session = get(id)
      if (!session) return err({ type: 'unknown_session' })
      if (isLive(session)) return err({ type: 'still_live' })
      if (!(await options.reviews.forget(id, discardsReview))) return err({ type: 'open_review' })
      ptyHost.release(id)
      options.terminals.forget(id)
      await timeline.remove(id)
      tell({ type: 'removed', id })
      return ok(null)
    },
    sandbox: sandboxOf,
    get,
    networkModeOf: (id) => {
      const session = get(id)
      return session ? modes.of(session) : 'ask'
    },
    setNetwork: async (id, mode, forMs) => {
      const sandbox = sandboxOf(id)
      if (!sandbox.ok) return sandbox
      if (!live.get(id)?.egress) return err({ type: 'not_confined' })
      await modes.set(id, mode, forMs)
      return ok(null)
    },
    setLimits: async (id, limits) => {
      const sandbox = sandboxOf(id)
      if (!sandbox.ok) return sandbox
      const changed = await sandbox.value.changeLimits(limits)
      if (!changed.ok) return err({ type: 'needs_restart', limits: [...changed.error] })
      timeline.append(id, { type: 'limits/changed', limits, reports: [...changed.value] })
      return ok(null)
    },
    watchOf: (id) => live.get(id)?.processes ?? null,
    all: () => timeline.sessions(),
    watch,
    ruleRemoved: cuts.removed,
    ruleAdded: cuts.added,
    ruleEdited: cuts.edited,
    exited: (id, exit) => {
      exits.get(id)?.abort(exit)
      end(id, exit).catch(fail(id))
    },
    ptyHostLost: () => {
      for (const controller of exits.values()) controller.abort({ kind: 'lost' })
      for (const id of [...live.keys()]) end(id, { kind: 'lost' }).catch(fail(id))
    },
    stopAll: async () => {
      await Promise.all([...live.keys()].map((id) => stop(id)))
    },
  }
}

const isEmpty = (changes: SpecChanges): boolean => Object.keys(changes).length === 0
