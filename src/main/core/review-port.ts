import type { SessionId } from '../../shared/domain/ids.ts'
import type {
  ReviewChoice,
  ReviewContent,
  ReviewLook,
  ReviewOutcome,
} from '../../shared/domain/review.ts'
import type { Result } from '../../shared/result.ts'

export interface MadeCopy {
  /** Absolute and canonical; of this user alone. */
  readonly copy: string
  readonly files: number
  readonly bytes: number
  /** Entries of the workspace that the copy has not: sockets, and what may not be read. */
  readonly leftOut: number
}

/** Copies of workspaces, each until it is discarded; also those of earlier runs. */
export interface ReviewStore {
  /** Copies a workspace for a session. An error is a sentence, and leaves nothing behind. */
  make(id: SessionId, workspace: string): Promise<Result<MadeCopy, string>>
  /** The session goes on with the copy of another; null: that has none (any more). */
  join(from: SessionId, id: SessionId): Promise<string | null>
  /** All sessions that share a copy with this one, itself among them; empty: it has none. */
  sharers(id: SessionId): readonly SessionId[]
  look(id: SessionId): Promise<ReviewLook>
  /** null: it is not what was seen any more. */
  content(id: SessionId, path: string, seen: string): Promise<ReviewContent | null>
  apply(id: SessionId, choices: readonly ReviewChoice[]): Promise<ReviewOutcome>
  /** The session lets go of its copy, which goes with the last that does. */
  leave(id: SessionId): Promise<void>
  /** Removes the copy of this session and of all that share it. */
  discard(id: SessionId): Promise<void>
}
