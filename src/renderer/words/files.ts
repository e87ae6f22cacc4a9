import type { FileChange, FileContent, FileWatching } from '../../shared/domain/file-changes.ts'
import type { WhyNotKnown } from '../../shared/domain/manifest.ts'
import type { fateOf } from '../../shared/files-projection.ts'
import type { WhereContent } from '../../shared/workspace-files.ts'
import type { ListedFiles } from '../stores/recording-source.ts'
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

type WhyLost = Extract<WhereContent, { readonly kind: 'lost' }>['why']

/** Why what was in a file at a moment is not known any more. */
const WHY_NOT_KNOWN: Readonly<Record<WhyNotKnown | WhyLost, string>> = {
  not_listed: 'It is not on the list of files that was made as the session began.',
  no_file: 'It is a link, a pipe, a socket or a device: there is nothing in it to show.',
  unsettled: 'It was changed just as the session began, while the list of files was made.',
  no_workspace: 'Its workspace is not on this machine any more, or cannot be read.',
  gone: 'It is not on the disk any more, or cannot be read, and no change of it was recorded.',
  changed: 'It is another one on the disk now, and no change of it was recorded.',
  too_large: 'It is larger than 1 MiB: open it in an editor.',
  secrets_forgotten:
    'The session had secret values, and this file may hold one. They are known only while it runs, so nobody can take them out now.',
  missed: 'Changes were missed after this moment: what was in it then is not certain.',
  moved_out: 'Its folder was later moved out of the workspace, or removed as a whole.',
  moved_unseen: 'It was later renamed by somebody who is not known, and not looked at.',
}

export const whyNotKnown = (why: WhyNotKnown | WhyLost): string =>
  `Not known. ${WHY_NOT_KNOWN[why]}`

/** What a list of all files does not have; null: it has all. */
export const WHAT_IS_MISSING: Readonly<Record<ListedFiles['missing'], string | null>> = {
  none: null,
  some: 'The workspace has more files than were listed as the session began, or some that could not be. Of the others only what was changed is shown.',
  unlisted:
    'The files of this workspace were not listed as the session began. Only what was changed is shown.',
  exported:
    'A recording that left its machine holds only the files that were changed, not the rest of the workspace.',
}
