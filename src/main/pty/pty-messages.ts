import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { AnyTerminalId } from '../../shared/domain/ids.ts'
import { ExitStatus } from '../../shared/domain/process.ts'

// Between the host and its PTY host. Both are ours, but both also carry what a sandboxed program
// or a page wrote, so each end checks what it receives. Bytes travel as bytes.

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array)
const offset = z.number().int().nonnegative()
const viewer = z.number().int().positive()
const request = z.number().int().positive()
const cells = z.number().int().min(2).max(1000)
const size = z.strictObject({ cols: cells, rows: cells })
const absolutePath = z.string().refine(isAbsolute)
const color = z.string().regex(/^#[0-9a-f]{6}$/i)

const message = <const T extends string, S extends z.ZodRawShape>(t: T, shape: S) =>
  z.strictObject({ t: z.literal(t), ...shape })

export const SpawnRequest = z.strictObject({
  terminal: AnyTerminalId,
  launch: z.strictObject({
    file: absolutePath,
    args: z.array(z.string()).readonly(),
    env: z.record(z.string(), z.string()),
    cwd: absolutePath,
  }),
  size,
  logPath: absolutePath,
  monoOriginMs: z.number(),
  secrets: z.array(z.string()).readonly(),
  theme: z.strictObject({ foreground: color, background: color, cursor: color }).exactOptional(),
})

/** What the host sends. */
export const ClientMessage = z.discriminatedUnion('t', [
  message('spawn', { request, spawn: SpawnRequest }),
  message('write', { terminal: AnyTerminalId, bytes }),
  message('resize', { terminal: AnyTerminalId, size }),
  message('attach', { terminal: AnyTerminalId, viewer }),
  message('drawn', { terminal: AnyTerminalId, viewer, offset }),
  message('detach', { terminal: AnyTerminalId, viewer }),
  message('text', { request, terminal: AnyTerminalId }),
  message('kill', { terminal: AnyTerminalId }),
  message('release', { terminal: AnyTerminalId }),
  message('ping', {}),
  /** Kill everything, finish the logs, exit. */
  message('stop', {}),
])
export type ClientMessage = z.infer<typeof ClientMessage>

/** What the PTY host sends. */
export const HostMessage = z.discriminatedUnion('t', [
  message('spawned', { request, pid: z.number().int() }),
  message('refused', { request, detail: z.string() }),
  message('text', { request, text: z.string() }),
  message('screen', { viewer, offset, size, bytes }),
  message('output', { viewer, offset, bytes }),
  message('resized', { viewer, size }),
  message('active', { terminal: AnyTerminalId, bytes: offset, totalBytes: offset }),
  message('logFailed', { terminal: AnyTerminalId, detail: z.string() }),
  message('exited', { terminal: AnyTerminalId, exit: ExitStatus }),
  message('pong', {}),
])
export type HostMessage = z.infer<typeof HostMessage>
