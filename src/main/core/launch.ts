import { join } from 'node:path'
import type { EffectivePolicy } from '../../shared/domain/effective-policy.ts'
import type { FileChange } from '../../shared/domain/file-changes.ts'
import type { NetworkMode } from '../../shared/domain/network-mode.ts'
import type { Decision, Destination, Requester } from '../../shared/domain/policy.ts'
import type { Session, StartFailure } from '../../shared/domain/session.ts'
import type { Fact } from '../../shared/domain/timeline.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { Plan } from './isolation/plan.ts'
import { type IsolationWatch, watchIsolation } from './isolation/watch.ts'
import { decideByRules, type RuleQuestion } from './policy/decide.ts'
import { looksInside } from './policy/looks-inside.ts'
import { coversHost } from './policy/match.ts'
import type { RuleBook } from './policy/rules.ts'
import type { AgentCommands } from './process-roles.ts'
import { type FileRecording, recordFiles } from './file-changes.ts'
import type { FileWatch } from './file-port.ts'
import type { EgressGateway, EgressHandle, Inspection } from './egress-port.ts'
import type { Log, Observe, ProcessWatch, Sandbox, SandboxBackend } from './ports.ts'
import type { Prompts } from './prompts.ts'
import type { Questions } from './questions.ts'
import type { SessionProcesses } from './session-processes.ts'
import type { PtyHost } from './terminal-port.ts'

export interface BoundaryPorts {
  readonly ptyHost: PtyHost
  readonly egress: EgressGateway
  /** The same each time while the sandbox stands. */
  readonly processesOf: (sandbox: Sandbox) => SessionProcesses
  /** What the agent's settings make it start. */
  readonly readCommands: (plan: Plan) => Promise<AgentCommands>
  readonly terminalLogPath: (session: Session) => string
  readonly files: FileRecording
}

export interface LaunchRequest extends BoundaryPorts {
  readonly session: Session
  readonly plan: Plan
  readonly backend: SandboxBackend
  readonly exited: AbortSignal
  readonly report: (fact: Fact) => void
  readonly reportAll: (facts: readonly Fact[]) => void
  readonly monoOriginMs: number
  readonly log: Log
  readonly rules: RuleBook
  readonly prompts: Prompts
  readonly questions: Questions
  readonly modeOf: (session: Session) => NetworkMode
  /** null: TLS is not looked into. */
  readonly inspection: Inspection | null
}

/** What a running session consists of; whoever holds it ends all of it. */
export interface LiveParts {
  readonly sandbox: Sandbox
  readonly policy: EffectivePolicy
  /** null: the session is on the machine's own network (unconfined). */
  readonly egress: EgressHandle | null
  readonly processes: ProcessWatch
  readonly watch: IsolationWatch
  /** null: nothing tells of changes of files. */
  readonly files: FileWatch | null
}

/** The size until the first viewer says its own. */
export const FIRST_SIZE = { cols: 120, rows: 32 }

/**
 * Builds the boundary, starts its first process, and watches it. The agent itself still waits
 * for `Sandbox.release`. On any failure everything that was made is undone and nothing runs.
 */
export async function startBoundary(
  request: LaunchRequest,
): Promise<Result<LiveParts, StartFailure>> {
  const { session, plan } = request
  if (plan.isReview && plan.copy === null) throw new Error('a review has no copy')
  const files: { watch: FileWatch | null } = { watch: null }
  // What appears before the sandbox stands is looked at when it does.
  const early: string[] = []
  let suspect = (path: string): void => void early.push(path)
  const started = await startWatched(request, async (hidden, programs) => {
    files.watch = await recordFiles({
      ...request.files,
      ...{ sessionId: session.id, hidden, programs, workspace: plan.workspace },
      folder: plan.copy ?? plan.workspace,
      learns: session.spec.learn,
      report: (facts) => {
        request.reportAll(facts)
        for (const fact of facts)
          if (fact.type === 'file/changed' && mayBeSocket(fact))
            suspect(join(plan.workspace, fact.path))
      },
    })
    return files.watch.socket
  })
  if (!started.ok) {
    await files.watch?.close()
    return started
  }
  const mounts = started.value.sandbox.keepMounts?.((restored) =>
    request.report({ type: 'isolation/restored', ...restored }),
  )
  suspect = (path) => mounts?.appeared(path)
  early.forEach(suspect)
  return ok({ ...started.value, files: files.watch })
}

/** Made outside, or by a call that nobody watches. */
const mayBeSocket = ({ change, isFolder, writer, after }: FileChange): boolean =>
  (change === 'created' || change === 'renamed') &&
  !isFolder &&
  writer === null &&
  after.kind === 'unknown'

async function startWatched(
  request: LaunchRequest,
  observe: Observe,
): Promise<Result<Omit<LiveParts, 'files'>, StartFailure>> {
  const { session, ptyHost } = request
  const commands = request.readCommands(request.plan)
  const built = await request.backend.build(request.plan, session.id, observe)
  if (!built.ok) return built
  const spawned = await ptyHost.spawn({
    terminal: session.id,
    launch: built.value.launch,
    size: FIRST_SIZE,
    logPath: request.terminalLogPath(session),
    monoOriginMs: request.monoOriginMs,
    secrets: request.plan.secrets,
  })
  if (!spawned.ok) {
    await built.value.abandon()
    return err({
      type: 'boundary_failed',
      part: 'the terminal',
      detail: spawned.error.detail,
      remedy: 'Close other terminals, or look at the log for the reason.',
    })
  }
  const joined = await built.value.join(spawned.value.pid, request.exited)
  if (!joined.ok) {
    const words = (await ptyHost.text(session.id)).trim()
    ptyHost.kill(session.id)
    await built.value.abandon()
    return err(withWords(joined.error, words))
  }
  const sandbox = joined.value
  const processes = request.processesOf(sandbox)
  const egress = sandbox.network
    ? request.egress.serve(sandbox.network, {
        sessionId: session.id,
        rootPid: processes.rootPid,
        processes: processes.reader,
        report: request.report,
        decide: (question) => decide(request, question),
        ruled: (destination, requester, known) =>
          ruled(request, { destination, requester, ...(known ? { known } : {}) }),
        looksInside: (destination, requester) => wantsLook(request, destination, requester),
        inspection: request.inspection,
        standIns: request.plan.standIns,
        bring: request.questions.desk(session.id, session.spec.agent),
      })
    : null
  sandbox.watchLimits((limit, detail) => request.report({ type: 'limits/reached', limit, detail }))
  return ok({
    sandbox,
    policy: built.value.policy,
    egress,
    processes: processes.watch({
      sessionId: session.id,
      rootPid: processes.rootPid,
      commands: await commands,
      report: request.reportAll,
    }),
    watch: watchIsolation(sandbox, request.report, request.log),
  })
}

type Asked = Pick<RuleQuestion, 'destination' | 'requester' | 'known'>

function ruled(
  { session, rules, inspection, modeOf }: LaunchRequest,
  asked: Asked,
): Decision | 'ask' {
  const { workspace } = session.spec
  return decideByRules({
    ...asked,
    known: { looksInside: inspection !== null, ...asked.known },
    rules: rules.all(),
    sessionId: session.id,
    workspace,
    otherwise: modeOf(session),
  })
}

/** A rule wants to see requests to it, or a value has to be put into them. */
function wantsLook(
  { session, rules, plan }: LaunchRequest,
  destination: Destination,
  requester: Requester | null,
): boolean {
  const asker = { sessionId: session.id, workspace: session.spec.workspace, requester }
  return (
    plan.standIns.some(({ hosts }) => hosts.some((host) => coversHost(host, destination.host))) ||
    looksInside(rules.all(), asker, destination)
  )
}

/** Rules first; a person only when no rule covers it and the session asks. */
function decide(
  request: LaunchRequest,
  question: Parameters<Parameters<EgressGateway['serve']>[1]['decide']>[0],
): Promise<Decision> {
  const { session, prompts } = request
  const decision = ruled(request, question)
  if (decision !== 'ask') return Promise.resolve(decision)
  return prompts.ask({
    ...question,
    sessionId: session.id,
    workspace: session.spec.workspace,
  })
}

/** The boundary's own words stand in the terminal when its first process ended early. */
function withWords(failure: StartFailure, words: string): StartFailure {
  return failure.type === 'boundary_failed' && words !== '' && failure.detail === ''
    ? { ...failure, detail: words }
    : failure
}
