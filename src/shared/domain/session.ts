import { z } from 'zod'
import { AgentId } from './agent.ts'
import { EffectivePolicy } from './effective-policy.ts'
import { SessionDevContainer } from './dev-container.ts'
import { ImageName } from './image-name.ts'
import { FileRule } from './files.ts'
import { SessionId } from './ids.ts'
import { AxisReport, IsolationLevel } from './isolation.ts'
import { LimitReport, Limits, NO_LIMITS } from './limits.ts'
import { NetworkNow } from './network-mode.ts'
import { HostPattern } from './policy.ts'
import { AppliedPolicy, PolicyProblem } from './policy-file.ts'
import { ExitStatus } from './process.ts'
import { Diagnosis } from './sandbox.ts'
import { VariableGrant } from './variables.ts'

/** What a person asks for. */
export const SessionSpec = z.strictObject({
  agent: AgentId,
  /** Command line as typed; only for agent `command`. Split into words, never given to a shell. */
  command: z.string().max(8192).nullable(),
  /** Arguments of an agent, after those it has by itself. */
  args: z.array(z.string().max(8192)).max(256).default([]),
  /** Absolute path of a folder on this machine. */
  workspace: z.string().min(1).max(4096),
  level: IsolationLevel,
  title: z.string().max(120).nullable(),
  /** What happens to a connection that no rule covers; `closed`: to every one. */
  network: z.enum(['ask', 'deny', 'closed']),
  /** Hosts granted for this session from the start (the agent's own, reviewed by the person). */
  grants: z.array(HostPattern).max(64),
  /** Copy the agent's declared sign-in files into its private home. */
  useSignIn: z.boolean(),
  // Recordings from before these existed are read with the defaults.
  /** Hosts that are never reached, whatever other rules say. */
  denies: z.array(HostPattern).max(256).default([]),
  /** On top of the boundary's own: a rule for exactly the same path replaces a built-in one. */
  files: z.array(FileRule).max(256).default([]),
  /** `.env*`, private keys and the like in the workspace look empty inside. */
  maskSecrets: z.boolean().default(false),
  /** Notes which files it opens and looks for, so that a policy can be proposed; it is slower. */
  learn: z.boolean().default(false),
  /** Inside is a copy of the workspace; a person looks at what changed and applies it, or not. */
  review: z.boolean().default(false),
  variables: z.array(VariableGrant).max(64).default([]),
  limits: Limits.default(NO_LIMITS),
  /** Programs inside trust a certificate of the gateway's, so that rules may look into TLS. */
  inspectTls: z.boolean().default(false),
  /** Levels `container` and `vm`: an image of the engine whose programs are used; null: this machine's. */
  image: ImageName.nullable().default(null),
  /** Level `container`: a dev container of the workspace, which names the image itself. */
  devContainer: SessionDevContainer.nullable().default(null),
  /**
   * Whether the agent's own sandbox runs as well, inside this one. Not at level `os`, and at
   * level `unconfined` it stays as its owner set it.
   */
  innerSandbox: z.enum(['off', 'on']).default('off'),
  /** The word `unconfined`, typed by the person. Required for that level and only there. */
  acknowledgement: z.string().nullable(),
})
export type SessionSpec = z.infer<typeof SessionSpec>

/** Where the calls of programs can be seen, and with them what they look for. */
export const mayLearn = (level: IsolationLevel): boolean => level !== 'unconfined'

/** The parts of a spec a person need not think about. */
export const BASIC_SPEC = {
  args: [],
  denies: [],
  files: [],
  maskSecrets: false,
  learn: false,
  review: false,
  variables: [],
  limits: NO_LIMITS,
  inspectTls: false,
  image: null,
  devContainer: null,
  innerSandbox: 'off',
} satisfies Partial<SessionSpec>

export const SessionStatus = z.enum([
  'starting',
  'running',
  'stopping',
  'ended',
  /** The host died or the machine restarted while it ran. */
  'interrupted',
  'failed',
])
export type SessionStatus = z.infer<typeof SessionStatus>

/** Why a session did not start. The renderer owns the words. */
export const StartFailure = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('workspace_missing'), path: z.string() }),
  z.strictObject({ type: z.literal('workspace_not_folder'), path: z.string() }),
  z.strictObject({ type: z.literal('workspace_refused'), path: z.string(), reason: z.string() }),
  z.strictObject({ type: z.literal('file_rule_refused'), path: z.string(), reason: z.string() }),
  /** The workspace cannot be copied, or there would be nothing that keeps to the copy. */
  z.strictObject({ type: z.literal('review_refused'), path: z.string(), reason: z.string() }),
  z.strictObject({ type: z.literal('variable_refused'), name: z.string(), reason: z.string() }),
  z.strictObject({
    type: z.literal('variable_missing'),
    name: z.string(),
    source: z.enum(['machine', 'kept']),
  }),
  /** The agent's own sandbox needs namespaces, which this level refuses. */
  z.strictObject({ type: z.literal('inner_sandbox_impossible'), agent: z.string() }),
  z.strictObject({
    type: z.literal('agent_not_found'),
    agent: AgentId,
    install: z.string().nullable(),
  }),
  z.strictObject({ type: z.literal('agent_not_executable'), path: z.string() }),
  z.strictObject({ type: z.literal('command_invalid'), reason: z.string() }),
  /** The workspace's own policy cannot be used. */
  z.strictObject({
    type: z.literal('policy_refused'),
    path: z.string(),
    ...PolicyProblem.shape,
  }),
  /** It is gone, not what the person saw, or asks for what sessions are not started from. */
  z.strictObject({ type: z.literal('dev_container_refused'), reason: z.string() }),
  z.strictObject({
    type: z.literal('backend_unavailable'),
    level: IsolationLevel,
    diagnosis: Diagnosis,
  }),
  /** A part of the boundary could not be built. `detail` is the machine's own words. */
  z.strictObject({
    type: z.literal('boundary_failed'),
    part: z.string(),
    detail: z.string(),
    remedy: z.string(),
  }),
  /** The boundary stood, but a required axis was not proven from inside. */
  z.strictObject({ type: z.literal('not_proven'), axes: z.array(AxisReport) }),
  z.strictObject({ type: z.literal('acknowledgement_required') }),
  z.strictObject({ type: z.literal('refused_in_browser') }),
  z.strictObject({ type: z.literal('pty_host_lost') }),
  z.strictObject({ type: z.literal('state_unwritable'), path: z.string(), detail: z.string() }),
])
export type StartFailure = z.infer<typeof StartFailure>

export const Session = z.strictObject({
  id: SessionId,
  spec: SessionSpec,
  /** What the person asked for, where the workspace's own policy made something else of it. */
  asked: SessionSpec.nullable().default(null),
  title: z.string(),
  agentName: z.string(),
  status: SessionStatus,
  createdAtMs: z.number(),
  startedAtMs: z.number().nullable(),
  endedAtMs: z.number().nullable(),
  exit: ExitStatus.nullable(),
  failure: StartFailure.nullable(),
  axes: z.array(AxisReport),
  /** Empty until the boundary stands. */
  limits: z.array(LimitReport).default([]),
  /** null until the boundary stands. */
  policy: EffectivePolicy.nullable().default(null),
  /** What the workspace's own policy did to it; null: there was none. */
  governed: AppliedPolicy.nullable().default(null),
  /** null: as it started. */
  networkNow: NetworkNow.nullable().default(null),
  /** Whether its copy of the workspace still is there; null: it works on the workspace itself. */
  review: z.enum(['open', 'closed']).nullable().default(null),
  /** The session this one restarted. */
  continues: SessionId.nullable(),
  /** Copy of the count of pending prompts, so a list row needs no second stream. */
  pendingPrompts: z.number().int(),
})
export type Session = z.infer<typeof Session>

export const isLive = (session: Session): boolean =>
  session.status === 'starting' || session.status === 'running' || session.status === 'stopping'
