import type { SessionId } from '../../shared/domain/ids.ts'
import type {
  ReviewChoice,
  ReviewContent,
  ReviewLook,
  ReviewOutcome,
} from '../../shared/domain/review.ts'
import { isLive, type Session } from '../../shared/domain/session.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { Log } from './ports.ts'
import type { ReviewStore } from './review-port.ts'
import type { Timeline } from './timeline.ts'

type NoReview = { readonly type: 'no_review' }

/** Reviews of sessions: each has a copy of the workspace until a person applied or discarded it. */
export interface Reviews {
  /**
   * The copy a session is to work on: a new one, or that of the session it continues while there is
   * one. An error is a sentence.
   */
  begin(session: Session): Promise<Result<string, string>>
  /** It never ran. */
  failed(id: SessionId): Promise<void>
  /** A copy in which nothing changed is not kept. */
  ended(id: SessionId): Promise<void>
  look(id: SessionId): Promise<Result<ReviewLook, NoReview>>
  content(
    id: SessionId,
    path: string,
    seen: string,
  ): Promise<Result<ReviewContent, NoReview | { readonly type: 'changed_since' }>>
  apply(id: SessionId, choices: readonly ReviewChoice[]): Promise<Result<ReviewOutcome, NoReview>>
  discard(id: SessionId): Promise<Result<null, NoReview | { readonly type: 'still_live' }>>
  /** Before a session is removed; false: its copy would go with it, and that was not said. */
  forget(id: SessionId, discards: boolean): Promise<boolean>
}

export interface ReviewsOptions {
  readonly store: ReviewStore
  readonly timeline: Pick<Timeline, 'append' | 'state'>
  readonly log: Log
}

/** What stands in one event, so that it fits into a frame; the count says how many there were. */
const PATHS_TOLD = 300
const MOST_CHARACTERS = 60_000

export function createReviews({ store, timeline, log }: ReviewsOptions): Reviews {
  const has = (id: SessionId): boolean => store.sharers(id).length > 0
  const runs = (id: SessionId): boolean => {
    const session = timeline.state(id)?.session
    return session !== null && session !== undefined && isLive(session)
  }

  const close = async (id: SessionId, by: 'person' | 'host'): Promise<void> => {
    const sharers = store.sharers(id)
    await store.discard(id)
    for (const sharer of sharers) timeline.append(sharer, { type: 'review/closed', by })
  }
  const closeUnchanged = async (id: SessionId): Promise<void> => {
    if (!has(id) || store.sharers(id).some(runs)) return
    const { changes, isWhole, leftOutCount } = await store.look(id)
    if (changes.length === 0 && isWhole && leftOutCount === 0) await close(id, 'host')
  }

  return {
    begin: async ({ id, spec, continues }) => {
      if (continues !== null) {
        if (store.sharers(continues).some(runs))
          return err('Another session works on the same copy. Stop it first.')
        const copy = await store.join(continues, id)
        if (copy !== null) {
          timeline.append(id, { type: 'review/opened', from: continues, ...NOTHING_COPIED })
          return ok(copy)
        }
      }
      const made = await store.make(id, spec.workspace)
      if (!made.ok) return made
      const { copy, ...counts } = made.value
      timeline.append(id, { type: 'review/opened', from: null, ...counts })
      return ok(copy)
    },
    failed: async (id) => {
      if (!has(id)) return
      await store.leave(id)
      timeline.append(id, { type: 'review/closed', by: 'host' })
    },
    ended: (id) =>
      closeUnchanged(id).catch((cause: unknown) =>
        log.error(`the copy of ${id} could not be looked at`, cause),
      ),
    look: async (id) => (has(id) ? ok(await store.look(id)) : err({ type: 'no_review' })),
    content: async (id, path, seen) => {
      if (!has(id)) return err({ type: 'no_review' })
      const content = await store.content(id, path, seen)
      return content ? ok(content) : err({ type: 'changed_since' })
    },
    apply: async (id, choices) => {
      if (!has(id)) return err({ type: 'no_review' })
      const outcome = await store.apply(id, choices)
      timeline.append(id, {
        type: 'review/applied',
        paths: cut(outcome.applied),
        count: outcome.applied.length,
        refused: outcome.refused.length,
        overwritten: chosenOf(outcome, choices, ({ overwrites }) => overwrites),
        ticked: chosenOf(outcome, choices, ({ isTicked }) => isTicked),
      })
      await closeUnchanged(id)
      return ok(outcome)
    },
    discard: async (id) => {
      if (!has(id)) return err({ type: 'no_review' })
      if (store.sharers(id).some(runs)) return err({ type: 'still_live' })
      await close(id, 'person')
      return ok(null)
    },
    forget: async (id, discards) => {
      if (store.sharers(id).length === 1 && !discards) return false
      await store.leave(id)
      return true
    },
  }
}

const NOTHING_COPIED = { files: 0, bytes: 0, leftOut: 0 }

const chosenOf = (
  { applied }: ReviewOutcome,
  choices: readonly ReviewChoice[],
  is: (choice: ReviewChoice) => boolean,
): number => choices.filter((choice) => is(choice) && applied.includes(choice.path)).length

function cut(paths: readonly string[]): string[] {
  let characters = 0
  return paths.slice(0, PATHS_TOLD).filter((path) => (characters += path.length) <= MOST_CHARACTERS)
}
