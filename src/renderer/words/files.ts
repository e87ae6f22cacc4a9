import type { FileChange, FileContent, FileWatching } from '../../shared/domain/file-changes.ts'
import type { fateOf } from '../../shared/files-projection.ts'
import { formatBytes } from './format.ts'
import { revealText } from './reveal.ts'

/** What became of a file, with the letter that every developer knows for it. */
export const FATES: Readonly<Record<ReturnType<typeof fateOf>, { name: string; letter: string }>> =
  {
    added: { name: 'Added', letter: 'A' },
    changed: { name: 'Changed', letter: 'M' },
    removed: { name: 'Removed', letter: 'D' },
    unchanged: { name: 'As it was', letter: ' ' },
  }

const PATH_LENGTH = 200

export function wordsOfWatching({ source, reason }: FileWatching): string {
  const words = {
    calls: 'Every change of a file is seen, and who makes it',
    folder: 'Changes of files are seen',
    none: 'Changes of files are not recorded',
  }[source]
  return reason === null ? words : `${words}. ${reason}`
}

const VERBS = { created: 'Created', written: 'Wrote', deleted: 'Deleted' } as const

/** One line; paths are the agent's own text. */
export function wordsOfChange({ change, path, from, isFolder, after }: FileChange): string {
  const name = `${isFolder ? 'folder ' : ''}${revealText(path, PATH_LENGTH)}`
  if (change === 'renamed') return `Renamed ${revealText(from ?? '', PATH_LENGTH)} to ${name}`
  const size = after.kind === 'file' && change !== 'deleted' ? `, ${formatBytes(after.bytes)}` : ''
  return `${VERBS[change]} ${name}${size}`
}

/** Why a content cannot be shown; null: it can. */
export function whyNoContent(content: FileContent): string | null {
  if (content.kind === 'absent') return 'It was not there.'
  if (content.kind === 'unknown') return 'What it was is not known.'
  if (content.hash !== null) return null
  return `Its ${formatBytes(content.bytes)} were not kept: too much, or of a package or repository.`
}
