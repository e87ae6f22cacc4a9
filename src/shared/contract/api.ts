import { z } from 'zod'
import { AgentInfo } from '../domain/agent.ts'
import { AuditEntry, AuditVerdict } from '../domain/audit.ts'
import { EffectivePolicy } from '../domain/effective-policy.ts'
import { containerApi } from './container-api.ts'
import { ContentHash } from '../domain/file-changes.ts'
import { InsidePort, PortNumber } from '../domain/forward.ts'
import { AgentAnswer, AgentQuestion } from '../domain/agent-question.ts'
import { PromptId, RuleId, SessionId, TerminalId } from '../domain/ids.ts'
import { AxisReport } from '../domain/isolation.ts'
import { LimitName, Limits } from '../domain/limits.ts'
import { ManifestPage, WhyNotKnown } from '../domain/manifest.ts'
import { NetworkMode } from '../domain/network-mode.ts'
import {
  Decision,
  HostPreset,
  PermissionRequest,
  PromptAnswer,
  Rule,
  RuleDraft,
} from '../domain/policy.ts'
import { policyApi } from './policy-api.ts'
import { NotLive, UnknownSession } from './outcomes.ts'
import { reviewApi } from './review-api.ts'
import { terminalApi } from './terminal-api.ts'
import { Posture } from '../domain/posture.ts'
import { ProcessKey } from '../domain/process.ts'
import {
  ControlError,
  ControlOutcome,
  ControlRequest,
  Orphans,
  ProcessDetails,
} from '../domain/process-details.ts'
import { Retention } from '../domain/retention.ts'
import { Diagnosis } from '../domain/sandbox.ts'
import { SearchCursor, SearchPage } from '../domain/search.ts'
import { Session, SessionSpec, StartFailure } from '../domain/session.ts'
import { SpecChanges } from '../domain/spec-changes.ts'
import { TerminalIndex } from '../domain/terminal-index.ts'
import { RecordingSummary, TimelineEvent } from '../domain/timeline.ts'
import { Said } from '../domain/transcript.ts'
import { VariableList, VariableName } from '../domain/variables.ts'
import { command, defineContract, query, START_MS, stream } from './define.ts'

export const SystemInfo = z.strictObject({
  version: z.string(),
  platform: z.enum(['linux', 'macos', 'windows']),
  home: z.string(),
  user: z.string(),
  /** Folders used lately, newest first, for the start dialog. */
  recentWorkspaces: z.array(z.string()),
  /** The strongest level that is usable now; null when nothing but unconfined is. */
  defaultLevel: z.enum(['os', 'container', 'vm']).nullable(),
  /** Unconfined sessions may be started from this shell. */
  mayUnconfine: z.boolean(),
  /** What a new session is limited to unless the person says otherwise. */
  defaultLimits: Limits,
  /** Sentences about state that could not be read at start and was set aside, never deleted. */
  notices: z.array(z.string()),
})
export type SystemInfo = z.infer<typeof SystemInfo>

export const Folder = z.strictObject({
  path: z.string(),
  parent: z.string().nullable(),
  folders: z.array(z.strictObject({ name: z.string(), path: z.string() })),
})
export type Folder = z.infer<typeof Folder>

export const FolderError = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('missing'), path: z.string() }),
  z.strictObject({ type: z.literal('not_folder'), path: z.string() }),
  z.strictObject({ type: z.literal('unreadable'), path: z.string() }),
])
export type FolderError = z.infer<typeof FolderError>

/** A change in the list of sessions. */
export const SessionChange = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('set'), session: Session }),
  z.strictObject({ type: z.literal('removed'), id: SessionId }),
])
export type SessionChange = z.infer<typeof SessionChange>

export const PromptChange = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('set'), request: PermissionRequest }),
  z.strictObject({ type: z.literal('settled'), id: PromptId, decision: Decision }),
])
export type PromptChange = z.infer<typeof PromptChange>

export const QuestionChange = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('set'), question: AgentQuestion }),
  z.strictObject({ type: z.literal('settled'), id: PromptId }),
])
export type QuestionChange = z.infer<typeof QuestionChange>

/** A file's content as text; null: it is no UTF-8 text. */
export const RecordedContent = z.strictObject({ text: z.string().nullable() })
export type RecordedContent = z.infer<typeof RecordedContent>

export const api = defineContract({
  system: {
    info: query({ input: z.null(), output: SystemInfo }),
    /** Probes every backend and part anew. */
    doctor: query({ input: z.null(), output: z.array(Diagnosis) }),
    /** Sub-folders of a folder; null: the home folder. */
    folder: command({ input: z.string().nullable(), output: Folder, error: FolderError }),
  },
  ...containerApi,
  policy: policyApi,
  review: reviewApi,
  terminal: terminalApi,
  agent: {
    /** Looked for anew on PATH and in the workspace's node_modules. */
    list: query({
      input: z.strictObject({ workspace: z.string().nullable() }),
      output: z.array(AgentInfo),
    }),
    /** How the installed ones run by themselves, by their settings here. */
    postures: query({ input: z.null(), output: z.array(Posture) }),
  },
  session: {
    create: command({
      ...{ input: SessionSpec, output: Session, error: StartFailure },
      mayTakeMs: START_MS,
    }),
    /** What `create` would build from this, without building it. */
    preview: command({ input: SessionSpec, output: EffectivePolicy, error: StartFailure }),
    /** Tries the boundary of a running session again, from inside. */
    probe: command({
      input: z.strictObject({ id: SessionId }),
      output: z.array(AxisReport),
      error: z.discriminatedUnion('type', [UnknownSession, NotLive]),
    }),
    stop: command({
      input: z.strictObject({ id: SessionId }),
      output: z.null(),
      error: z.discriminatedUnion('type', [UnknownSession, NotLive]),
    }),
    /** At once, also for what is open; `forMs`: then it goes back to what it was before. */
    setNetwork: command({
      input: z.strictObject({
        id: SessionId,
        mode: NetworkMode,
        forMs: z.number().int().min(1000).max(86_400_000).nullable(),
      }),
      output: z.null(),
      /** `not_confined`: without a boundary there is no gateway. */
      error: z.discriminatedUnion('type', [
        UnknownSession,
        NotLive,
        z.strictObject({ type: z.literal('not_confined') }),
      ]),
    }),
    /** At once where what holds them can; else nothing is changed. */
    setLimits: command({
      input: z.strictObject({ id: SessionId, limits: Limits }),
      output: z.null(),
      /** `needs_restart`: these cannot be changed while it runs. */
      error: z.discriminatedUnion('type', [
        UnknownSession,
        NotLive,
        z.strictObject({ type: z.literal('needs_restart'), limits: z.array(LimitName) }),
      ]),
    }),
    /**
     * A new session as this one was asked for, with the agent's resume argument where it has one. `changes`:
     * with another isolation; where that cannot be started, nothing is stopped.
     */
    restart: command({
      input: z.strictObject({ id: SessionId, changes: SpecChanges.default({}) }),
      output: Session,
      error: z.union([StartFailure, UnknownSession]),
      mayTakeMs: START_MS,
    }),
    rename: command({
      input: z.strictObject({ id: SessionId, title: z.string().trim().min(1).max(120) }),
      output: z.null(),
      error: UnknownSession,
    }),
    /**
     * Ends are final: removing deletes the recording as well. Refused while it is live, and with the
     * last session of a copy that was neither applied nor discarded.
     */
    remove: command({
      input: z.strictObject({ id: SessionId, discardsReview: z.boolean().default(false) }),
      output: z.null(),
      error: z.discriminatedUnion('type', [
        UnknownSession,
        z.strictObject({ type: z.literal('still_live') }),
        z.strictObject({ type: z.literal('open_review') }),
      ]),
    }),
    list: stream({ key: z.null(), snapshot: z.array(Session), delta: SessionChange }),
    /** Events of one session from its first, in batches: the earliest, the rest so far, new ones. */
    watch: stream({
      key: SessionId,
      snapshot: z.array(TimelineEvent),
      delta: z.array(TimelineEvent),
    }),
  },
  process: {
    details: query({
      input: z.strictObject({ session: SessionId, key: ProcessKey }),
      output: ProcessDetails,
    }),
    /** Resolves when it is done: after a stop, when all are gone or were killed. */
    control: command({
      input: ControlRequest,
      output: ControlOutcome,
      error: ControlError,
    }),
    /** What outlived its session, now and from earlier runs; each change is the whole list. */
    orphans: stream({ key: z.null(), snapshot: z.array(Orphans), delta: z.array(Orphans) }),
    /** Ends the processes that outlived this session; null: all of them. */
    endOrphans: command({
      input: z.strictObject({ session: SessionId.nullable() }),
      output: ControlOutcome,
      error: z.never(),
    }),
  },
  prompt: {
    answer: command({
      input: PromptAnswer,
      output: Decision,
      error: z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('prompt_expired') }),
        /** The pattern or scope does not fit what was asked. */
        z.strictObject({ type: z.literal('answer_refused'), reason: z.string() }),
      ]),
    }),
    /** How many attempts so far, of sessions that run, the rule of this answer would cover. */
    reach: query({ input: PromptAnswer, output: z.number().int() }),
    list: stream({ key: z.null(), snapshot: z.array(PermissionRequest), delta: PromptChange }),
  },
  /** What agents ask by themselves. */
  question: {
    /** Done once the program that asked took the answer over. */
    answer: command({
      input: AgentAnswer,
      output: z.null(),
      error: z.strictObject({ type: z.literal('question_expired') }),
    }),
    list: stream({ key: z.null(), snapshot: z.array(AgentQuestion), delta: QuestionChange }),
  },
  rule: {
    /** Rules in force, for every session and workspace. */
    list: stream({ key: z.null(), snapshot: z.array(Rule), delta: z.array(Rule) }),
    /** Registries of this machine's tools, GitHub, the agents' providers. */
    presets: query({ input: z.null(), output: z.array(HostPreset) }),
    /** Makes or replaces one. Live connections and waiting prompts follow at once. */
    save: command({
      input: RuleDraft,
      output: Rule,
      error: z.strictObject({ type: z.literal('rule_refused'), reason: z.string() }),
    }),
    /** How many attempts so far, of sessions that run, it would speak of. */
    reach: command({
      input: RuleDraft,
      output: z.number().int(),
      error: z.strictObject({ type: z.literal('rule_refused'), reason: z.string() }),
    }),
    /** Also cuts the live connections the rule allowed. */
    remove: command({
      input: z.strictObject({ id: RuleId }),
      output: z.null(),
      error: z.strictObject({ type: z.literal('unknown_rule') }),
    }),
  },
  port: {
    /** Ports that programs of a live session listen on. */
    list: command({
      input: z.strictObject({ id: SessionId }),
      output: z.array(InsidePort),
      error: z.discriminatedUnion('type', [UnknownSession, NotLive]),
    }),
    /** Makes one of them reachable from this machine. */
    open: command({
      input: z.strictObject({ id: SessionId, port: PortNumber }),
      output: z.strictObject({ localPort: PortNumber }),
      error: z.discriminatedUnion('type', [
        UnknownSession,
        NotLive,
        z.strictObject({ type: z.literal('not_forwarded'), detail: z.string() }),
      ]),
    }),
    close: command({
      input: z.strictObject({ id: SessionId, port: PortNumber }),
      output: z.null(),
      error: z.discriminatedUnion('type', [UnknownSession, NotLive]),
    }),
  },
  variable: {
    list: stream({ key: z.null(), snapshot: VariableList, delta: VariableList }),
    /** Values go in and never come out again. */
    keep: command({
      input: z.strictObject({ name: VariableName, value: z.string().min(1).max(65_536) }),
      output: z.null(),
      error: z.strictObject({ type: z.literal('not_kept'), detail: z.string() }),
    }),
    forget: command({
      input: z.strictObject({ name: VariableName }),
      output: z.null(),
      error: z.strictObject({ type: z.literal('unknown_variable') }),
    }),
  },
  audit: {
    /** Entries with these words in them, the newest first, at most 500 before number `before`. */
    read: query({
      input: z.strictObject({
        words: z.string().max(200),
        before: z.number().int().positive().nullable(),
      }),
      output: z.strictObject({ entries: z.array(AuditEntry), isLast: z.boolean() }),
    }),
    /** Follows the chain of all entries from the first. */
    verify: query({ input: z.null(), output: AuditVerdict }),
  },
  recording: {
    list: query({ input: z.null(), output: z.array(RecordingSummary) }),
    /** Events of a recording, at most 5,000 from `fromSeq`; the terminal's bytes come separately. */
    events: query({
      input: z.strictObject({ id: SessionId, fromSeq: z.number().int().nonnegative() }),
      output: z.strictObject({ events: z.array(TimelineEvent), isLast: z.boolean() }),
    }),
    /** What is to be known of a terminal (null: the agent's) before any of its output is read. */
    terminal: command({
      input: z.strictObject({ id: SessionId, terminal: TerminalId.nullable().default(null) }),
      output: TerminalIndex,
      error: UnknownSession,
    }),
    /** Words in the output of the terminal, from a part of its index as far as one answer goes. */
    find: command({
      input: z.strictObject({
        id: SessionId,
        terminal: TerminalId.nullable().default(null),
        words: z.string().max(200),
        part: z.number().int().nonnegative(),
      }),
      output: z.strictObject({
        /** The session's own clock, ms. */
        times: z.array(z.number()),
        /** The part to go on with; null: this was the last. */
        next: z.number().int().nullable(),
      }),
      error: UnknownSession,
    }),
    /** In all recordings, the newest first, a few hits of each: from a place on, as far as one answer goes. */
    search: query({
      input: z.strictObject({ words: z.string().max(200), from: SearchCursor.nullable() }),
      output: SearchPage,
    }),
    /** What the agent itself wrote down of the session; empty where it is not known how. */
    transcript: query({ input: z.strictObject({ id: SessionId }), output: z.array(Said) }),
    retention: query({ input: z.null(), output: Retention }),
    /** In force at once: what has to go is gone when this resolves. */
    setRetention: command({ input: Retention, output: z.null(), error: z.never() }),
    /** A content that the recording keeps, at most a mebibyte. */
    content: command({
      input: z.strictObject({ id: SessionId, hash: ContentHash }),
      output: RecordedContent,
      error: z.strictObject({ type: z.literal('not_kept') }),
    }),
    /** Which files the workspace had as the watch began, from a place of the list on. null: it was not listed. */
    manifest: query({
      input: z.strictObject({ id: SessionId, from: z.number().int().nonnegative() }),
      output: ManifestPage.nullable(),
    }),
    /** What was in a listed file that is now at `now` in the workspace, where it is proven to be the same. */
    atStart: command({
      input: z.strictObject({ id: SessionId, path: z.string(), now: z.string() }),
      output: RecordedContent,
      error: z.strictObject({ type: z.literal('not_known'), why: WhyNotKnown }),
    }),
  },
})
export type Api = typeof api
