import { createTwoFilesPatch } from 'diff'
import type { SessionId } from '../../shared/domain/ids.ts'
import type {
  RefusedChange,
  ReviewChange,
  ReviewContent,
  ReviewLook,
} from '../../shared/domain/review.ts'
import type { Connection } from '../../shared/rpc/client.ts'
import { CommandFailure, EXIT } from './exit.ts'
import { findHost, ownHost } from './host-connection.ts'
import { plain, print, table } from './print.ts'
import { startOfId } from './session-id.ts'

export interface ReviewValues {
  readonly json?: boolean
  readonly diff?: boolean
  readonly apply?: boolean
  readonly overwrite?: boolean
  readonly discard?: boolean
}

const NO_REVIEW = 'This session has no copy that waits to be reviewed.'
/** At once; the rest follows in further calls. */
const CHOICES_PER_CALL = 500

/** Shows what changed in the copy of a session, brings it into the folder, or throws it away. */
export async function review(
  [wanted, ...paths]: readonly string[],
  values: ReviewValues,
  { dataDir, entries }: { readonly dataDir: string; readonly entries: string },
): Promise<number> {
  if (values.apply && values.discard)
    throw new CommandFailure('Say either --apply or --discard.', EXIT.usage)
  if (paths.length > 0 && !values.apply)
    throw new CommandFailure('Paths are taken by --apply only.', EXIT.usage)
  const host = (await findHost(dataDir)) ?? (await ownHost(dataDir, entries))
  try {
    const { connection } = host
    const id = await reviewedBy(connection, wanted)
    if (values.discard) return await discard(connection, id, values.json ?? false)
    const look = await connection.api.review.look({ id })
    if (!look.ok) throw new CommandFailure(NO_REVIEW, EXIT.usage)
    if (values.apply) return await apply(connection, id, look.value, paths, values)
    return await show(connection, id, look.value, values)
  } finally {
    await host.close()
  }
}

/** By its id or the start of it; without one, the only one that waits. */
async function reviewedBy({ api }: Connection, wanted: string | undefined): Promise<SessionId> {
  const id = wanted === undefined ? wanted : startOfId(wanted)
  const open = (await api.recording.list(null))
    .map(({ session }) => session)
    .filter(({ review: state }) => state === 'open')
  const fitting = id === undefined ? open : open.filter((session) => session.id.startsWith(id))
  const [only] = fitting
  if (only && fitting.length === 1) return only.id
  throw new CommandFailure(
    fitting.length > 1
      ? `${fitting.length} sessions wait to be reviewed: ${fitting.map((session) => session.id).join(', ')}. Say which.`
      : wanted === undefined
        ? 'No session waits to be reviewed. cloche run --review starts one.'
        : NO_REVIEW,
    EXIT.usage,
  )
}

async function discard({ api }: Connection, id: SessionId, isJson: boolean): Promise<number> {
  const gone = await api.review.discard({ id })
  if (!gone.ok)
    throw new CommandFailure(
      gone.error.type === 'still_live' ? 'The session still runs. Stop it first.' : NO_REVIEW,
      EXIT.refused,
    )
  print(isJson, { discarded: id }, () => `The copy of ${id} is gone. The folder is as it was.`)
  return EXIT.ok
}

type Shown = ReviewChange & { readonly content?: ReviewContent }

async function show(
  { api }: Connection,
  id: SessionId,
  look: ReviewLook,
  { json = false, diff = false }: ReviewValues,
): Promise<number> {
  const shown: Shown[] = []
  for (const change of look.changes) {
    const content = diff
      ? await api.review.content({ id, path: change.path, seen: change.seen })
      : null
    shown.push({ ...change, ...(content?.ok ? { content: content.value } : {}) })
  }
  print(json, { session: id, ...look, changes: shown }, () =>
    [
      ...(look.changes.length === 0 ? ['Nothing differs from the folder.'] : []),
      ...(diff ? shown.map(patchOf) : look.changes.length > 0 ? [tableOf(look.changes)] : []),
      ...(look.leftOutCount > 0
        ? [`${look.leftOutCount} entries of the copy are never applied.`]
        : []),
      ...(look.isWhole ? [] : ['There are more changes: apply these first.']),
    ].join('\n'),
  )
  return EXIT.ok
}

const tableOf = (changes: readonly ReviewChange[]): string =>
  table([
    ['CHANGE', 'PATH', 'NOTE'],
    ...changes.map((change) => [change.change, plain(change.path), notesOf(change).join('; ')]),
  ])

const GUARDS: Readonly<Record<NonNullable<ReviewChange['guard']>, string>> = {
  obeyed: 'programs outside obey it: name it to apply it',
  'leads-out': 'a link that leads out: name it to apply it',
}

const notesOf = ({ guard, isConflict, isExecutable, target }: ReviewChange): string[] => [
  ...(isConflict ? ['changed in the folder as well: needs --overwrite'] : []),
  ...(guard ? [GUARDS[guard]] : []),
  ...(target === null ? [] : [`link to ${plain(target)}`]),
  ...(isExecutable ? ['can be run'] : []),
]

/** Colours and cursor moves of a file’s own never reach the terminal. */
function patchOf({ path, change, content }: Shown): string {
  if (!content) return `${change} ${plain(path)}: it changed just now; look again`
  if (content.unshown) return `${change} ${plain(path)}: not shown (${content.unshown})`
  const { before, after } = content
  const patch = createTwoFilesPatch(
    before === null ? '/dev/null' : `folder/${path}`,
    after === null ? '/dev/null' : `copy/${path}`,
    before ?? '',
    after ?? '',
  )
  return patch
    .split('\n')
    .map((line) => plain(line.replaceAll('\t', '    ')))
    .join('\n')
}

async function apply(
  { api }: Connection,
  id: SessionId,
  { changes }: ReviewLook,
  paths: readonly string[],
  { json = false, overwrite = false }: ReviewValues,
): Promise<number> {
  const named = new Set(paths)
  const unknown = paths.filter((path) => !changes.some((change) => change.path === path))
  if (unknown.length > 0)
    throw new CommandFailure(`Nothing changed at ${unknown.map(plain).join(', ')}.`, EXIT.usage)
  // Without names, all that is neither guarded nor a conflict; a guarded one is ticked by its name.
  const wanted = changes.filter(({ path, guard, isConflict }) =>
    named.size > 0 ? named.has(path) : guard === null && (!isConflict || overwrite),
  )
  const applied: string[] = []
  const refused: RefusedChange[] = []
  for (let at = 0; at < wanted.length; at += CHOICES_PER_CALL) {
    const choices = wanted.slice(at, at + CHOICES_PER_CALL).map(({ path, seen, guard }) => ({
      ...{ path, seen, overwrites: overwrite },
      isTicked: guard !== null && named.has(path),
    }))
    const outcome = await api.review.apply({ id, choices })
    if (!outcome.ok) throw new CommandFailure(NO_REVIEW, EXIT.refused)
    applied.push(...outcome.value.applied)
    refused.push(...outcome.value.refused)
  }
  const left = changes.length - applied.length
  print(json, { session: id, applied, refused, left }, () =>
    [
      ...applied.map((path) => `applied ${plain(path)}`),
      ...refused.map(
        ({ path, why, detail }) => `not applied ${plain(path)}: ${wordsOf(why, detail)}`,
      ),
      `${applied.length} applied, ${left} left in the copy.`,
    ].join('\n'),
  )
  return refused.length > 0 ? EXIT.refused : EXIT.ok
}

function wordsOf(why: RefusedChange['why'], detail: string): string {
  switch (why) {
    case 'changed-since':
      return 'it changed after it was looked at'
    case 'conflict':
      return 'the folder changed it as well; --overwrite takes the copy’s'
    case 'guarded':
      return 'programs outside obey it; name it to apply it'
    case 'blocked':
      return plain(detail)
  }
}
