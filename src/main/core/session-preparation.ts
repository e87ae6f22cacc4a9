import type { Caller } from '../../shared/contract/define.ts'
import type { IsolationLevel } from '../../shared/domain/isolation.ts'
import type { Rule } from '../../shared/domain/policy.ts'
import type { SessionSpec, StartFailure } from '../../shared/domain/session.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { EgressGateway, Inspection } from './egress-port.ts'
import { acknowledge, type Acknowledgement, type Plan } from './isolation/plan.ts'
import type { AppliedPolicy } from '../../shared/domain/policy-file.ts'
import type { WorkspacePolicies } from './policy-port.ts'
import type { RuleBook } from './policy/rules.ts'
import type { Clock, SandboxBackend } from './ports.ts'

const NO_BOUNDARY =
  'Unconfined, nothing would keep the program to a copy: choose a boundary, or work without a review.'

/** Milliseconds a level that was usable is taken to be so still. */
const USABLE_MS = 60_000

/** Turns what a person asked for into a Plan; the only reader of workspaces and agents. */
export interface Planner {
  plan(
    spec: SessionSpec,
    options: {
      readonly resume: boolean
      readonly acknowledgement: Acknowledgement | null
      /** PEM of what programs inside are to trust as well; null: nothing. */
      readonly certificate: string | null
    },
  ): Promise<Result<{ plan: Plan; agentName: string; title: string }, StartFailure>>
  /** Removes what was made for a plan whose session is over, or never began. */
  release(plan: Plan): Promise<void>
}

/** Everything that is known before anything is built. Whoever holds it releases its plan. */
export interface Prepared {
  /** As it is really started: the workspace's policy may have narrowed it. */
  readonly spec: SessionSpec
  readonly governed: AppliedPolicy | null
  readonly plan: Plan
  readonly agentName: string
  readonly title: string
  readonly backend: SandboxBackend
  readonly inspection: Inspection | null
}

/** A person wants it, a value has to be put into requests, or a rule speaks of requests. */
const looksAtTls = (spec: SessionSpec, rules: readonly Rule[]): boolean =>
  spec.level !== 'unconfined' &&
  (spec.inspectTls ||
    spec.variables.some(({ standInFor }) => standInFor !== undefined) ||
    rules.some(
      ({ scope, inspect, request }) =>
        (inspect === true || request !== undefined) &&
        (scope.kind === 'everywhere' ||
          (scope.kind === 'workspace' && scope.workspace === spec.workspace)),
    ))

export interface PreparationOptions {
  readonly clock: Clock
  readonly planner: Planner
  readonly backends: ReadonlyMap<IsolationLevel, SandboxBackend>
  readonly egress: Pick<EgressGateway, 'createInspection'>
  readonly rules: Pick<RuleBook, 'all'>
  readonly policies: Pick<WorkspacePolicies, 'govern'>
  /** Unconfined sessions may be started from the browser shell as well. */
  readonly mayUnconfineInBrowser: boolean
}

export interface SessionPreparation {
  prepare(
    spec: SessionSpec,
    caller: Pick<Caller, 'shell'>,
    resume: boolean,
  ): Promise<Result<Prepared, StartFailure>>
  /** null: the level can be used. */
  whyUnusable(level: IsolationLevel): Promise<Result<never, StartFailure> | null>
  /** A start at this level failed: it is looked at the next time. */
  doubt(level: IsolationLevel): void
}

export function createSessionPreparation(options: PreparationOptions): SessionPreparation {
  const { clock } = options

  const mayStart = (
    spec: SessionSpec,
    caller: Pick<Caller, 'shell'>,
  ): Result<Acknowledgement | null, StartFailure> => {
    if (spec.level !== 'unconfined') return ok(null)
    if (caller.shell === 'web' && !options.mayUnconfineInBrowser)
      return err({ type: 'refused_in_browser' })
    const acknowledgement = acknowledge(spec.acknowledgement, clock.wallMs())
    return acknowledgement ? ok(acknowledgement) : err({ type: 'acknowledgement_required' })
  }

  const prepare = async (
    asked: SessionSpec,
    caller: Pick<Caller, 'shell'>,
    resume: boolean,
  ): Promise<Result<Prepared, StartFailure>> => {
    const held = await options.policies.govern(asked)
    if (!held.ok) return held
    const { spec, applied: governed } = held.value
    if (spec.review && spec.level === 'unconfined')
      return err({ type: 'review_refused', path: spec.workspace, reason: NO_BOUNDARY })
    const allowed = mayStart(spec, caller)
    if (!allowed.ok) return allowed
    const backend = options.backends.get(spec.level)
    if (!backend) return err(noBackend(spec.level))
    const inspection = looksAtTls(spec, options.rules.all())
      ? await options.egress.createInspection()
      : null
    const certificate = inspection?.certificate ?? null
    const acknowledgement = allowed.value
    const planned = await options.planner.plan(spec, { resume, acknowledgement, certificate })
    return planned.ok ? ok({ ...planned.value, spec, governed, backend, inspection }) : planned
  }

  /** When each level was last found usable, on the monotonic clock. */
  const usableAtMs = new Map<IsolationLevel, number>()

  /**
   * A level that was usable a moment ago is not looked at again: the start proves more than any
   * diagnosis, and one that fails has it looked at the next time.
   */
  const whyUnusable = async (
    level: IsolationLevel,
  ): Promise<Result<never, StartFailure> | null> => {
    const known = usableAtMs.get(level)
    if (known !== undefined && clock.monoMs() - known < USABLE_MS) return null
    const backend = options.backends.get(level)
    if (!backend) return err(noBackend(level))
    const diagnosis = await backend.diagnose()
    if (diagnosis.status !== 'usable') return err({ type: 'backend_unavailable', level, diagnosis })
    usableAtMs.set(level, clock.monoMs())
    return null
  }

  return { prepare, whyUnusable, doubt: (level) => usableAtMs.delete(level) }
}

function noBackend(level: IsolationLevel): StartFailure {
  return {
    type: 'backend_unavailable',
    level,
    diagnosis: {
      id: level,
      title: level,
      level,
      status: 'unsupported',
      summary: 'This version of Cloche cannot start sessions at this level.',
      facts: [],
      remedies: [{ say: 'Choose the OS sandbox.', command: null }],
    },
  }
}
