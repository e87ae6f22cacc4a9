import { join } from 'node:path'
import type { Placeholders } from './backends/files/placeholders.ts'
import { run } from './backends/spawn.ts'
import type { Log } from './core/ports.ts'
import { createReviews, type Reviews } from './core/reviews.ts'
import type { Timeline } from './core/timeline.ts'
import { openReviewStore } from './review/review-store.ts'
import { replaceFile } from './store/replace-file.ts'

export interface ReviewsParts {
  /** Cloche's own data folder. */
  readonly root: string
  readonly placeholders: Pick<Placeholders, 'isHeld'>
  readonly timeline: Timeline
  readonly log: Log
}

/** What a review copies at most; larger workspaces are worked on as they are, or not at all. */
const LIMITS = { bytes: 8 * 1024 ** 3, entries: 400_000 }

/** Wires the copies that sessions work on, also those of earlier runs. */
export async function openReviews(parts: ReviewsParts): Promise<Reviews> {
  const { timeline, log } = parts
  const store = await openReviewStore({
    ...{ root: join(parts.root, 'reviews'), limits: LIMITS, log },
    isHeld: parts.placeholders.isHeld,
    replaceFile: (path, text) => replaceFile(path, text, 'power-cut'),
    run,
  })
  return createReviews({ store, timeline, log })
}
