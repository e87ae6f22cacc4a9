import { z } from 'zod'
import { AgentQuestion, QuestionOutcome } from './agent-question.ts'
import { EffectivePolicy } from './effective-policy.ts'
import { FileChange, FileNeed, FileWatching } from './file-changes.ts'
import { PortNumber } from './forward.ts'
import { ConnectionId, PromptId, RuleId, SessionId, TerminalId } from './ids.ts'
import { AxisReport } from './isolation.ts'
import { LimitName, LimitReport, Limits } from './limits.ts'
import { NetworkNow } from './network-mode.ts'
import { Decision, Destination, PermissionRequest, Requester, Rule } from './policy.ts'
import { ExitStatus, ProcessKey, ProcessNode, ProcessRole, ProcessSample } from './process.ts'
import { ControlAction, ControlOutcome } from './process-details.ts'
import { Session, StartFailure } from './session.ts'
import { SpecChanges } from './spec-changes.ts'

export const SCHEMA_VERSION = 1

const fact = <const T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.strictObject({ type: z.literal(type), ...shape })

/** One HTTP request that could be read, and its answer. Bodies are never kept. */
export const HttpExchange = z.strictObject({
  method: z.string(),
  path: z.string(),
  /** null: there was no answer. */
  status: z.number().int().nullable(),
  /** Why it was not carried; null: it was. */
  refusal: z.string().nullable(),
  /** Bytes of the two bodies. */
  bytesUp: z.number(),
  bytesDown: z.number(),
  durationMs: z.number(),
  /** Names of the variables whose real values the gateway put in. */
  standIns: z.array(z.string()),
  /** Exchanges of this session not told of since the last one, because they were too many. */
  omitted: z.number().int(),
})
export type HttpExchange = z.infer<typeof HttpExchange>

/** What happened, without when. */
export const Fact = z.discriminatedUnion('type', [
  fact('session/created', { session: Session }),
  fact('session/started', { rootPid: z.number().int() }),
  fact('session/failed', { failure: StartFailure }),
  fact('session/stopping', { by: z.enum(['person', 'host']) }),
  fact('session/ended', { exit: ExitStatus }),
  fact('session/interrupted', { reason: z.string() }),
  fact('session/renamed', { title: z.string() }),
  fact('isolation/reported', { axes: z.array(AxisReport) }),
  /**
   * Covered again after somebody outside `replaced` it, or for the first time as a `socket` was made there
   * outside. Until then it was open.
   */
  fact('isolation/restored', { path: z.string(), was: z.enum(['replaced', 'socket']) }),
  /** A copy of the workspace is worked on; `from`: the session whose copy it is, with nothing new copied. */
  fact('review/opened', {
    from: SessionId.nullable(),
    files: z.number().int(),
    bytes: z.number(),
    leftOut: z.number().int(),
  }),
  /** A person brought changes of the copy into the workspace; `paths`: the first of them. */
  fact('review/applied', {
    paths: z.array(z.string()),
    count: z.number().int(),
    refused: z.number().int(),
    /** Of them: over a change of the workspace's own, and with a guard ticked. */
    overwritten: z.number().int(),
    ticked: z.number().int(),
  }),
  /** The copy is gone; `host`: nothing in it differed any more. */
  fact('review/closed', { by: z.enum(['person', 'host']) }),
  /** A person started the session again with other isolation than it had. */
  fact('isolation/changed', { changes: SpecChanges }),
  /** A person, or the end of the time they said, changed what becomes of connections. */
  fact('network/switched', { ...NetworkNow.shape, by: z.enum(['person', 'clock']) }),
  fact('isolation/planned', { policy: EffectivePolicy }),
  fact('limits/reported', { limits: z.array(LimitReport) }),
  /** A person set other limits while it ran. */
  fact('limits/changed', { limits: Limits, reports: z.array(LimitReport) }),
  /** A limit was reached; `detail` says what the boundary did about it. */
  fact('limits/reached', { limit: LimitName, detail: z.string() }),
  /** Bytes the terminal produced since the last such event; for the activity track. */
  fact('terminal/active', {
    bytes: z.number().int(),
    totalBytes: z.number().int(),
    /** Absent: of the agent's terminal. */
    terminal: TerminalId.optional(),
  }),
  /** A person opened a further terminal; `key`: the shell in it, which runs from now on. */
  fact('terminal/opened', { terminal: TerminalId, number: z.number().int(), key: ProcessKey }),
  fact('terminal/ended', { terminal: TerminalId, exit: ExitStatus }),
  fact('terminal/resized', { cols: z.number().int(), rows: z.number().int() }),
  fact('proc/started', { node: ProcessNode }),
  fact('proc/exec', {
    key: ProcessKey,
    name: z.string(),
    argv: z.array(z.string()),
    exe: z.string().nullable(),
    cwd: z.string().nullable(),
    executedAtMs: z.number().optional(),
    role: ProcessRole.nullable().optional(),
  }),
  fact('proc/reparented', { key: ProcessKey, parent: ProcessKey.nullable() }),
  fact('proc/sampled', { samples: z.array(ProcessSample) }),
  fact('proc/ended', {
    key: ProcessKey,
    exit: ExitStatus,
    /** The kernel's own time of it; absent: it was noticed at the time of the event. */
    endedAtMs: z.number().optional(),
  }),
  /** How starts and ends are known from here on; why, where that is not the better way. */
  fact('proc/watching', {
    source: z.enum(['connector', 'sampler']),
    reason: z.string().nullable(),
  }),
  /** A person stopped, killed, froze or thawed; `key` is null for the whole session. */
  fact('proc/controlled', {
    action: ControlAction,
    scope: z.enum(['process', 'subtree', 'session']),
    key: ProcessKey.nullable(),
    ...ControlOutcome.shape,
  }),
  /** These outlived their session. */
  fact('proc/orphaned', { keys: z.array(ProcessKey) }),
  fact('net/requested', {
    connectionId: ConnectionId,
    destination: Destination,
    requester: Requester.nullable(),
  }),
  /** A request that named no usable destination: refused before any decision. */
  fact('net/malformed', {
    reason: z.string(),
    requester: Requester.nullable(),
    /** Others before it that were too many to be told of. */
    omitted: z.number().int().default(0),
  }),
  /** A program asked for the address of this name, the first time; nothing left the sandbox. */
  fact('net/resolved', { name: z.string() }),
  /** Datagrams that found nobody so far; only connections have a way out. */
  fact('net/datagrams', { count: z.number().int().positive() }),
  fact('net/decided', { connectionId: ConnectionId, decision: Decision }),
  fact('net/opened', { connectionId: ConnectionId, address: z.string() }),
  /** What an open connection turned out to carry; `name`: the host its TLS or HTTP asks for. */
  fact('net/carried', {
    connectionId: ConnectionId,
    carries: z.enum(['tls', 'http', 'other']),
    name: z.string().nullable(),
    isInspected: z.boolean(),
  }),
  /** It was allowed, but what it carried was not what had been decided on. */
  fact('net/refused', { connectionId: ConnectionId, reason: z.string() }),
  fact('net/exchange', { connectionId: ConnectionId, exchange: HttpExchange }),
  fact('net/failed', { connectionId: ConnectionId, reason: z.string() }),
  fact('net/closed', {
    connectionId: ConnectionId,
    bytesUp: z.number(),
    bytesDown: z.number(),
  }),
  fact('file/watching', FileWatching.shape),
  fact('file/changed', FileChange.shape),
  fact('file/needed', FileNeed.shape),
  /** Changes came faster than they could be read: some of them are not told. */
  fact('file/missed', {}),
  fact('port/opened', { port: PortNumber, localPort: PortNumber }),
  fact('port/closed', { port: PortNumber }),
  /** A person copied files of this machine into its container, or out of it. */
  fact('files/copied', {
    direction: z.enum(['in', 'out']),
    from: z.string(),
    to: z.string(),
    isDone: z.boolean(),
  }),
  fact('prompt/raised', { request: PermissionRequest }),
  fact('prompt/joined', { promptId: PromptId, connectionId: ConnectionId }),
  fact('prompt/answered', { promptId: PromptId, decision: Decision }),
  fact('question/asked', { question: AgentQuestion }),
  /** The whole question once more: an answer is an answer to exactly that. */
  fact('question/settled', { question: AgentQuestion, outcome: QuestionOutcome }),
  fact('rule/added', { rule: Rule }),
  fact('rule/removed', { ruleId: RuleId }),
  /** The recording itself was damaged and repaired when it was read. */
  fact('recording/damaged', { part: z.string(), detail: z.string() }),
])
export type Fact = z.infer<typeof Fact>

/** When. `seq` orders; `monoMs` is the session's own clock and never runs back. */
export const Stamp = z.strictObject({
  seq: z.number().int().nonnegative(),
  /** Wall clock, ms since the epoch. */
  atMs: z.number(),
  /** Milliseconds since the session was created, monotonic. */
  monoMs: z.number(),
})
export type Stamp = z.infer<typeof Stamp>

export const TimelineEvent = z.strictObject({ ...Stamp.shape, fact: Fact })
export type TimelineEvent = z.infer<typeof TimelineEvent>

/** First line of a recording. */
export const RecordingHeader = z.strictObject({
  schema: z.literal(SCHEMA_VERSION),
  session: Session,
  /** Version of Cloche that wrote it. */
  writtenBy: z.string(),
})
export type RecordingHeader = z.infer<typeof RecordingHeader>

export const RecordingSummary = z.strictObject({
  session: Session,
  durationMs: z.number(),
  terminalBytes: z.number(),
  events: z.number().int(),
  /** Empty when whole; otherwise one sentence per damaged part. */
  damage: z.array(z.string()),
})
export type RecordingSummary = z.infer<typeof RecordingSummary>
