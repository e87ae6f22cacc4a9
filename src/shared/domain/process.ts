import { z } from 'zod'

/** (pid, start time in clock ticks since boot): survives pid reuse. Text form `pid:ticks`. */
export const ProcessKey = z
  .string()
  .regex(/^\d+:\d+$/)
  .brand<'ProcessKey'>()
export type ProcessKey = z.infer<typeof ProcessKey>

export const processKey = (pid: number, startTicks: number): ProcessKey =>
  `${pid}:${startTicks}` as ProcessKey

/**
 * How a program ended. `boundary` only when the boundary itself reported it, never guessed from
 * output; `lost` when the end was seen but its status was not.
 */
export const ExitStatus = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('exited'), code: z.number().int() }),
  z.strictObject({ kind: z.literal('signalled'), signal: z.string() }),
  z.strictObject({ kind: z.literal('boundary'), reason: z.string() }),
  z.strictObject({ kind: z.literal('lost') }),
])
export type ExitStatus = z.infer<typeof ExitStatus>

/** Name of a program that had ended before it could be read; `argv` is empty, `exe` null. */
export const UNREAD_NAME = '(ended before it could be read)'

/** One process as an event names it: enough to say who asked. */
export const ProcessIdentity = z.strictObject({
  key: ProcessKey,
  pid: z.number().int(),
  /** argv[0]'s last path part or the kernel's name; agent-controlled text. */
  name: z.string(),
  argv: z.array(z.string()),
  exe: z.string().nullable(),
})
export type ProcessIdentity = z.infer<typeof ProcessIdentity>

/** What a process is to the agent: recognised from arguments, so only a name for a person. */
export const ProcessRole = z.enum(['agent', 'mcp-server', 'hook', 'shell', 'tool', 'terminal'])
export type ProcessRole = z.infer<typeof ProcessRole>

export const ProcessNode = z.strictObject({
  ...ProcessIdentity.shape,
  /** pid inside the sandbox's own pid namespace; null when there is none. */
  innerPid: z.number().int().nullable(),
  parent: ProcessKey.nullable(),
  /** Who started it, once that is no longer its parent. */
  startedBy: ProcessKey.nullable().optional(),
  /** null or absent: none that is recognised. */
  role: ProcessRole.nullable().optional(),
  cwd: z.string().nullable(),
  /** Kernel state letter (R, S, D, T, Z, …). */
  state: z.string(),
  /** Share of one core since the last sample, in percent. */
  cpuPercent: z.number(),
  rssBytes: z.number(),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  exit: ExitStatus.nullable(),
})
export type ProcessNode = z.infer<typeof ProcessNode>

export const ProcessSample = z.strictObject({
  key: ProcessKey,
  state: z.string(),
  cpuPercent: z.number(),
  rssBytes: z.number(),
})
export type ProcessSample = z.infer<typeof ProcessSample>
