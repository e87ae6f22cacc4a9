import type { BigIntStats } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'

/** How both sides of one path were when they were last the same. */
export const BaseRow = z.strictObject({
  path: z.string(),
  /** See `markOf`; what has another one is looked at closely. */
  real: z.string(),
  copy: z.string(),
})
export type BaseRow = z.infer<typeof BaseRow>

/** By path. */
export type Base = Map<string, BaseRow>

/** No program sets the time of a change (ctime), so whatever it does to a file shows. */
export const markOf = ({ ino, size, mode, mtimeNs, ctimeNs }: BigIntStats): string =>
  [ino, size, mode, mtimeNs, ctimeNs].join(' ')

export async function readBase(file: string): Promise<Base> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
  const rows = lines.map((line) => BaseRow.parse(JSON.parse(line)))
  return new Map(rows.map((row) => [row.path, row]))
}

export const textOfBase = (base: Base): string =>
  [...base.values()].map((row) => `${JSON.stringify(row)}\n`).join('')
