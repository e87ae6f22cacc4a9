import { z } from 'zod'
import { PolicyFile } from './policy-file.ts'

/** Settings of other tools that can be read as a policy. */
export const ReadFormat = z.enum([
  'claude',
  'srt',
  'codex',
  'codex-rules',
  'gemini',
  'opencode',
  'opensnitch',
  'lsrules',
  'devcontainer',
])
export type ReadFormat = z.infer<typeof ReadFormat>

/** Those that a policy can be written for. */
export const WriteFormat = z.enum(['claude', 'srt', 'codex', 'gemini', 'opencode'])
export type WriteFormat = z.infer<typeof WriteFormat>

/** Larger are no settings that a person wrote. */
export const MOST_SETTINGS_BYTES = 256 * 1024

/** What became of one key. */
export const MappedKey = z.strictObject({
  /** As it stands where it comes from. */
  key: z.string(),
  /** What it is on the other side; null: nothing. */
  becomes: z.string().nullable(),
  /** What is different, or why it cannot be said; null: it says the same. */
  why: z.string().nullable(),
})
export type MappedKey = z.infer<typeof MappedKey>

/** How well what one file says could be said in another. */
export const MappingReport = z.strictObject({
  exact: z.array(MappedKey),
  approximate: z.array(MappedKey),
  dropped: z.array(MappedKey),
})
export type MappingReport = z.infer<typeof MappingReport>

/** An answer to one reading: also a hostile file is shown in bounds. */
export const ShownReport = z.strictObject({
  ...MappingReport.shape,
  /** How many of all groups are not listed. */
  unlisted: z.number().int(),
})
export type ShownReport = z.infer<typeof ShownReport>

export const ImportedPolicy = z.strictObject({
  format: ReadFormat,
  policy: PolicyFile,
  report: ShownReport,
})
export type ImportedPolicy = z.infer<typeof ImportedPolicy>

/** Says which file the host means; no path of a page is ever opened. */
export const SettingsFileId = z.string().regex(/^[0-9a-f]{32}$/)

/** Why a file is not read. */
export const FileRefusal = z.enum(['gone', 'link', 'large', 'unreadable'])
export type FileRefusal = z.infer<typeof FileRefusal>

/** Settings that the host found on this machine. */
export const SettingsFile = z.strictObject({
  id: SettingsFileId,
  path: z.string(),
  format: ReadFormat,
  sizeBytes: z.number(),
  /** null: it can be read. */
  refusal: FileRefusal.nullable(),
})
export type SettingsFile = z.infer<typeof SettingsFile>

export const ImportSource = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), text: z.string().max(MOST_SETTINGS_BYTES) }),
  z.strictObject({ kind: z.literal('file'), id: SettingsFileId }),
])
export type ImportSource = z.infer<typeof ImportSource>

export const ImportProblem = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('empty') }),
  /** `as`: what it looks like. `detail`: the reader's words. */
  z.strictObject({
    type: z.literal('unparsable'),
    as: z.enum(['JSON', 'TOML']),
    line: z.number().int().nullable(),
    detail: z.string(),
  }),
  z.strictObject({ type: z.literal('unknown_format') }),
  z.strictObject({ type: z.literal('refused'), refusal: FileRefusal }),
])
export type ImportProblem = z.infer<typeof ImportProblem>

export const WrittenPolicy = z.strictObject({ text: z.string(), report: ShownReport })
export type WrittenPolicy = z.infer<typeof WrittenPolicy>
