import { create } from 'zustand'
import type { SessionId } from '../../shared/domain/ids.ts'
import type {
  ReviewChange,
  ReviewContent,
  ReviewLook,
  ReviewOutcome,
} from '../../shared/domain/review.ts'
import { ask, useActions } from './session-actions.ts'

interface ReviewState {
  /** Whose copy this is; null: none was looked at. */
  readonly id: SessionId | null
  readonly look: ReviewLook | 'loading' | 'failed' | null
  /** Paths that are to be applied. */
  readonly chosen: ReadonlySet<string>
  readonly isApplying: boolean
  /** Of the last apply, until the next. */
  readonly outcome: ReviewOutcome | null
}

const NOTHING: ReviewState = {
  ...{ id: null, look: null, chosen: new Set<string>() },
  ...{ isApplying: false, outcome: null },
}

export const useReview = create<ReviewState>(() => NOTHING)

const isOf = (id: SessionId): boolean => useReview.getState().id === id

/** Both sides are read anew; what is still there of the choice stays chosen. */
export async function lookAtReview(id: SessionId): Promise<void> {
  if (!isOf(id)) useReview.setState({ ...NOTHING, id, look: 'loading' })
  const looked = await ask((api) => api.review.look({ id }))
  if (!isOf(id)) return
  if (!looked.ok) return useReview.setState({ look: 'failed' })
  const look = looked.value
  const known = useReview.getState()
  const before = typeof known.look === 'object' && known.look ? known.look.changes : []
  const seen = new Map(before.map((change) => [change.path, change.seen]))
  // What differs by now was not what was chosen.
  const chosen = look.changes.filter(
    (change) => known.chosen.has(change.path) && seen.get(change.path) === change.seen,
  )
  useReview.setState({ look, chosen: new Set(chosen.map(({ path }) => path)) })
}

export function toggleChosen(path: string): void {
  const chosen = new Set(useReview.getState().chosen)
  if (!chosen.delete(path)) chosen.add(path)
  useReview.setState({ chosen })
}

/** What nobody has to think about by itself. */
export const isPlain = ({ guard, isConflict }: ReviewChange): boolean =>
  guard === null && !isConflict

/** All plain ones; none, where all of them were chosen. What is guarded or a conflict stays as it is. */
export function choosePlain(changes: readonly ReviewChange[]): void {
  const chosen = new Set(useReview.getState().chosen)
  const plain = changes.filter(isPlain)
  const isAll = plain.every(({ path }) => chosen.has(path))
  for (const { path } of plain) {
    if (isAll) chosen.delete(path)
    else chosen.add(path)
  }
  useReview.setState({ chosen })
}

/** Brings what is chosen into the folder, as it was looked at. */
export async function applyChosen(id: SessionId): Promise<void> {
  const { look, chosen, isApplying } = useReview.getState()
  if (isApplying || typeof look !== 'object' || look === null) return
  // A guarded one and a conflict are chosen by themselves only: choosing is the tick.
  const choices = look.changes
    .filter(({ path }) => chosen.has(path))
    .map(({ path, seen, guard, isConflict }) => ({
      ...{ path, seen, overwrites: isConflict, isTicked: guard !== null },
    }))
  if (choices.length === 0) return
  useReview.setState({ isApplying: true, outcome: null })
  const applied = await ask((api) => api.review.apply({ id, choices }))
  if (!isOf(id)) return
  useReview.setState({ isApplying: false })
  if (applied.ok) useReview.setState({ outcome: applied.value, chosen: new Set() })
  else
    useActions.setState({
      problem: typeof applied.error === 'string' ? applied.error : 'The copy is gone.',
    })
  await lookAtReview(id)
}

export async function discardReview(id: SessionId): Promise<void> {
  const discarded = await ask((api) => api.review.discard({ id }))
  if (discarded.ok) return useReview.setState(NOTHING)
  useActions.setState({
    problem:
      typeof discarded.error === 'string'
        ? discarded.error
        : discarded.error.type === 'still_live'
          ? 'The session still works on its copy. Stop it first.'
          : 'The copy is gone already.',
  })
}

/** null: it is not what was looked at any more, or did not come. */
export async function contentOfChange(
  id: SessionId,
  { path, seen }: ReviewChange,
): Promise<ReviewContent | null> {
  const content = await ask((api) => api.review.content({ id, path, seen }))
  return content.ok ? content.value : null
}
