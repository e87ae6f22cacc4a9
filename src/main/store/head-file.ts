import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isLive } from '../../shared/domain/session.ts'
import { RecordingSummary, Stamp } from '../../shared/domain/timeline.ts'
import type { RecordingHead } from '../core/ports.ts'
import { replaceFile } from './replace-file.ts'

// A copy of what the events say, so that a list of many recordings does not read them all. It is
// right only for an event log of exactly the size it names, and can be deleted at any time.

const FILE = 'head.json'

const Head = z.strictObject({
  eventsBytes: z.number(),
  summary: RecordingSummary,
  last: Stamp,
})

/** null: none, or it belongs to a shorter log. */
export async function readHead(folder: string, eventsBytes: number): Promise<RecordingHead | null> {
  try {
    const head = Head.safeParse(JSON.parse(await readFile(join(folder, FILE), 'utf8')))
    if (!head.success || head.data.eventsBytes !== eventsBytes) return null
    return { summary: head.data.summary, last: head.data.last }
  } catch {
    return null
  }
}

export async function writeHead(
  folder: string,
  eventsBytes: number,
  head: RecordingHead,
): Promise<void> {
  if (isLive(head.summary.session)) return
  // Only a copy: a folder that cannot be written is read in full every time.
  await replaceFile(join(folder, FILE), JSON.stringify({ eventsBytes, ...head })).catch(
    () => undefined,
  )
}
