import type { ContentHash, FileChange, FileContent } from '../../shared/domain/file-changes.ts'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import { currentConnection } from '../connection.ts'

/** One change of a file, at the moment it was seen. */
export interface FileStep extends FileChange {
  readonly seq: number
  readonly atMs: number
  readonly monoMs: number
}

/** Every change of the file that is at `path` in the end, also under names it had before. */
export function historyOf(events: readonly TimelineEvent[], path: string): FileStep[] {
  const steps: FileStep[] = []
  let name = path
  for (let index = events.length - 1; index >= 0; index--) {
    const { fact, seq, atMs, monoMs } = events[index]!
    if (fact.type !== 'file/changed') continue
    const { type: _, ...change } = fact
    if (fact.isFolder) {
      if (fact.from !== null && name.startsWith(`${fact.path}/`))
        name = fact.from + name.slice(fact.path.length)
      continue
    }
    if (fact.path !== name) continue
    steps.push({ ...change, seq, atMs, monoMs })
    // What stood at the new name before is the file's history; the passing name is not.
    if (fact.from !== null && fact.before.kind === 'absent') name = fact.from
  }
  return steps.reverse()
}

/** `lost`: the recording no longer has it, or it is damaged. */
export type LoadedContent = { readonly text: string } | 'binary' | 'lost' | 'none'

const texts = new Map<string, Promise<LoadedContent>>()
const MOST_KEPT = 64

/** The content as text; what was read lately is not asked for again. */
export function loadContent(session: SessionId, content: FileContent): Promise<LoadedContent> {
  if (content.kind !== 'file' || content.hash === null) return Promise.resolve('none')
  const { hash } = content
  const key = `${session} ${hash}`
  const known = texts.get(key)
  if (known) return known
  const loading = askFor(session, hash)
  texts.set(key, loading)
  loading.catch(() => texts.delete(key))
  for (const oldest of texts.keys()) {
    if (texts.size <= MOST_KEPT) break
    texts.delete(oldest)
  }
  return loading
}

async function askFor(id: SessionId, hash: ContentHash): Promise<LoadedContent> {
  const connection = currentConnection()
  if (!connection) throw new Error('not connected')
  const found = await connection.api.recording.content({ id, hash })
  if (!found.ok) return 'lost'
  return found.value.text === null ? 'binary' : { text: found.value.text }
}
