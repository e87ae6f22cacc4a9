import { z } from 'zod'
import { ConnectionId, PromptId, RuleId, SessionId } from './ids.ts'
import { ProcessIdentity, ProcessKey } from './process.ts'

export const Action = z.enum(['allow', 'deny', 'ask'])
export type Action = z.infer<typeof Action>

/**
 * For whom an answer holds, and so for how long at most: this one connection, this process and what
 * it starts, the session, every session of this workspace, every session. The last two are kept
 * until revoked.
 */
export const Lifetime = z.enum(['once', 'process', 'session', 'workspace', 'everywhere'])
export type Lifetime = z.infer<typeof Lifetime>

/**
 * The one canonical destination: the same value is decided on, dialled, logged and shown.
 * `host` is a lower-case ASCII name (punycode) without trailing dot, or a canonical IP literal.
 */
export const Destination = z.strictObject({
  host: z.string().min(1).max(253),
  port: z.number().int().min(1).max(65535),
  /** How it came; `direct`: by a program that knows no proxy. */
  protocol: z.enum(['connect', 'http', 'socks5', 'direct']),
})
export type Destination = z.infer<typeof Destination>

/**
 * `example.org`, `*.example.org` (any depth below, not the name itself), an address, or a range of
 * addresses (`10.0.0.0/8`).
 */
export const HostPattern = z
  .string()
  .max(253)
  .regex(
    /^(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$|^\[?[0-9a-f:.]+\]?(\/\d{1,3})?$/,
  )
export type HostPattern = z.infer<typeof HostPattern>

/**
 * How programs inside ask for services of this machine. It is reached only port by port, by a rule or
 * an answer for exactly that port.
 */
export const MACHINE_NAME = 'host.cloche.internal'

/** `http`: plain HTTP. `https`: a tunnel that carries TLS to the very host, and nothing else. */
export const Scheme = z.enum(['http', 'https'])
export type Scheme = z.infer<typeof Scheme>

/** One HTTP request, as far as rules speak of it. */
export const RequestLine = z.strictObject({
  method: z.string().max(32),
  /** Without the query. */
  path: z.string().max(8192),
})
export type RequestLine = z.infer<typeof RequestLine>

/** Which requests a rule covers, where they can be read: plain HTTP, or TLS that is looked into. */
export const RequestPattern = z.strictObject({
  /** null: every method. */
  methods: z
    .array(z.string().regex(/^[A-Z]{1,20}$/))
    .min(1)
    .max(16)
    .nullable(),
  /** `*`: anything within one step, `**`: anything. null: every path. */
  path: z.string().startsWith('/').max(1024).nullable(),
})
export type RequestPattern = z.infer<typeof RequestPattern>

export const Rule = z.strictObject({
  id: RuleId,
  /** `ask`: a person is asked, also where a wider rule would allow. */
  action: Action,
  host: HostPattern,
  /** null: every port. */
  port: z.number().int().min(1).max(65535).nullable(),
  /** Absent: whatever carries it. */
  scheme: Scheme.optional(),
  /** Absent: whole connections. */
  request: RequestPattern.optional(),
  /** Whether TLS to it is looked into; `false` exempts it from a wider rule. Absent: not said. */
  inspect: z.boolean().optional(),
  scope: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('process'),
      sessionId: SessionId,
      process: ProcessKey,
      /** For people; agent-controlled text. */
      name: z.string(),
    }),
    z.strictObject({ kind: z.literal('session'), sessionId: SessionId }),
    z.strictObject({ kind: z.literal('workspace'), workspace: z.string() }),
    z.strictObject({ kind: z.literal('everywhere') }),
  ]),
  /** Wall clock; null: as long as its scope. */
  expiresAtMs: z.number().nullable().default(null),
  origin: z.enum(['prompt', 'agent-grant', 'user', 'preset']),
  createdAtMs: z.number(),
})
export type Rule = z.infer<typeof Rule>

/** A rule as a person writes it: new, or in place of the one it names. */
export const RuleDraft = z.strictObject({
  replaces: RuleId.nullable(),
  action: Action,
  /** As typed; the host says what is wrong with it. */
  host: z.string().max(300),
  port: z.number().int().min(1).max(65535).nullable(),
  scheme: Scheme.nullable(),
  request: Rule.shape.request,
  inspect: Rule.shape.inspect,
  scope: Rule.shape.scope,
  /** Milliseconds it holds; null: as long as its scope. */
  forMs: z
    .number()
    .int()
    .min(1000)
    .max(30 * 24 * 3_600_000)
    .nullable(),
  origin: z.enum(['user', 'preset']),
})
export type RuleDraft = z.infer<typeof RuleDraft>

export const PresetHost = z.strictObject({ host: HostPattern, why: z.string() })
export type PresetHost = z.infer<typeof PresetHost>

/** A list of hosts that go together, to be read before it is taken. */
export const HostPreset = z.strictObject({
  id: z.string(),
  title: z.string(),
  hosts: z.array(PresetHost),
})
export type HostPreset = z.infer<typeof HostPreset>

export const Decision = z.strictObject({
  action: z.enum(['allow', 'deny']),
  by: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('person'), lifetime: Lifetime }),
    z.strictObject({ kind: z.literal('rule'), ruleId: RuleId }),
    /** The prompt ran out of time. */
    z.strictObject({ kind: z.literal('timeout') }),
    /** Never allowed whatever the rules say: loopback, metadata, the machine's own addresses, … */
    z.strictObject({ kind: z.literal('boundary'), reason: z.string() }),
    /** The session's default is to deny, or the session ended while the request waited. */
    z.strictObject({ kind: z.literal('default'), reason: z.string() }),
  ]),
})
export type Decision = z.infer<typeof Decision>

/** Who opened the connection: the process and its ancestors up to the sandbox's first process. */
export const Requester = z.strictObject({
  process: ProcessIdentity,
  ancestors: z.array(ProcessIdentity),
})
export type Requester = z.infer<typeof Requester>

export const PermissionRequest = z.strictObject({
  id: PromptId,
  sessionId: SessionId,
  raisedAtMs: z.number(),
  /** When it denies by itself. */
  expiresAtMs: z.number(),
  destination: Destination,
  /** null: the kernel no longer knew who asked. */
  requester: Requester.nullable(),
  /** Connections waiting on this prompt; identical requests collapse into one. */
  connections: z.array(ConnectionId),
  /** The widest pattern an answer may have: every name of the same owner. null: only the host. */
  wider: HostPattern.nullable().default(null),
  /** The request it is about, where a rule let the connection pass but not that; absent: all of it. */
  request: RequestLine.optional(),
})
export type PermissionRequest = z.infer<typeof PermissionRequest>

export const PromptAnswer = z.strictObject({
  promptId: PromptId,
  action: z.enum(['allow', 'deny']),
  lifetime: Lifetime,
  /** A wider pattern than the host that asked; null: exactly that one. */
  host: HostPattern.nullable().default(null),
  everyPort: z.boolean().default(false),
  /** Milliseconds it holds at most; null: as long as `lifetime` says. */
  forMs: z
    .number()
    .int()
    .min(1000)
    .max(30 * 24 * 3_600_000)
    .nullable()
    .default(null),
})
export type PromptAnswer = z.infer<typeof PromptAnswer>

/** What an answer is when a person changes nothing else. */
export const NARROW_ANSWER = {
  host: null,
  everyPort: false,
  forMs: null,
} satisfies Partial<PromptAnswer>
