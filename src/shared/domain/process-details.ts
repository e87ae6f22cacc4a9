import { z } from 'zod'
import { SessionId } from './ids.ts'
import { ProcessKey } from './process.ts'

/** Where the program file is that a process runs; told by the file itself, not by its name. */
export const ExecutableOrigin = z.enum([
  /** The same file as one of the machine's own system folders. */
  'system',
  'workspace',
  /** Somewhere else that is visible to the session. */
  'elsewhere',
  /** Removed, or replaced, since it was executed. */
  'deleted',
  /** Never was in a folder: memfd. */
  'memory',
  'unknown',
])
export type ExecutableOrigin = z.infer<typeof ExecutableOrigin>

export const ProcessConnection = z.strictObject({
  protocol: z.enum(['tcp', 'udp']),
  /** Address and port, `[…]:port` for IPv6. */
  local: z.string(),
  /** null: none (a listener, an unconnected socket). */
  remote: z.string().nullable(),
  state: z.string(),
})
export type ProcessConnection = z.infer<typeof ProcessConnection>

/** One look at one process. Texts are agent-controlled; lists are cut, and `isCut` says so. */
export const ProcessInspection = z.strictObject({
  argv: z.array(z.string()),
  cwd: z.string().nullable(),
  executable: z.strictObject({
    path: z.string().nullable(),
    origin: ExecutableOrigin,
    /** The system program it is a copy of, byte for byte. */
    copyOf: z.string().nullable(),
  }),
  /** Names only, never values; null: it may not be read. */
  environmentNames: z.array(z.string()).nullable(),
  uid: z.number().int(),
  threads: z.number().int(),
  state: z.string(),
  cpuMs: z.number(),
  rssBytes: z.number(),
  /** null: it may not be read. */
  io: z.strictObject({ readBytes: z.number(), writtenBytes: z.number() }).nullable(),
  connections: z.array(ProcessConnection),
  /** Paths of files it holds open for writing. */
  writing: z.array(z.string()),
  /** false: its descriptors may not be read, so the two lists above are empty for that reason. */
  isOpen: z.boolean(),
  isCut: z.boolean(),
})
export type ProcessInspection = z.infer<typeof ProcessInspection>

export const ProcessDetails = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('found'),
    inspection: ProcessInspection,
  }),
  /** It ended, or never was a member of that session. */
  z.strictObject({ type: z.literal('gone') }),
  z.strictObject({ type: z.literal('unknown_session') }),
])
export type ProcessDetails = z.infer<typeof ProcessDetails>

/** What a control is about. `subtree`: a process and all that descends from it, also by daemons. */
export const ControlScope = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('process'), session: SessionId, key: ProcessKey }),
  z.strictObject({ kind: z.literal('subtree'), session: SessionId, key: ProcessKey }),
  z.strictObject({ kind: z.literal('session'), session: SessionId }),
  z.strictObject({ kind: z.literal('everything') }),
])
export type ControlScope = z.infer<typeof ControlScope>

/** `stop`: asked to end, then killed. `kill`: at once. `freeze` and `thaw` stop and continue. */
export const ControlAction = z.enum(['stop', 'kill', 'freeze', 'thaw'])
export type ControlAction = z.infer<typeof ControlAction>

export const ControlRequest = z.strictObject({ scope: ControlScope, action: ControlAction })
export type ControlRequest = z.infer<typeof ControlRequest>

/** `remained`: still there after a stop or kill, still running after a freeze, still held after a thaw. */
export const ControlOutcome = z.strictObject({
  affected: z.number().int(),
  remained: z.number().int(),
})
export type ControlOutcome = z.infer<typeof ControlOutcome>

export const ControlError = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('unknown_session') }),
  z.strictObject({ type: z.literal('not_live') }),
  z.strictObject({ type: z.literal('process_gone') }),
])
export type ControlError = z.infer<typeof ControlError>

/** Processes that outlived their session. */
export const Orphans = z.strictObject({
  session: SessionId,
  processes: z.array(
    z.strictObject({
      key: ProcessKey,
      pid: z.number().int(),
      name: z.string(),
      argv: z.array(z.string()),
      startedAtMs: z.number(),
    }),
  ),
})
export type Orphans = z.infer<typeof Orphans>

/** What is kept on disk of a session from its start until nothing of it is left. */
export const SessionTrace = z.strictObject({
  session: SessionId,
  /** Numbers and start times mean nothing after the next boot. */
  bootId: z.string(),
  processes: z.array(z.strictObject({ pid: z.number(), startTicks: z.number() })),
})
export type SessionTrace = z.infer<typeof SessionTrace>
