import type { StreamSource } from '../../shared/contract/define.ts'
import type { CopyRequest } from '../../shared/domain/copy.ts'
import type {
  ContainerList,
  ContainerUsage,
  EngineEntry,
  EngineImage,
  EngineRefusal,
  ImageRequest,
  Removable,
} from '../../shared/domain/engine.ts'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { Result } from '../../shared/result.ts'

/** What a person may do with the container engine beyond starting sessions in it. */
export interface EngineManager {
  engines(): Promise<EngineEntry[]>
  /** null: the first that answers. In force for the next session. */
  choose(socket: string | null): Promise<Result<null, EngineRefusal>>
  images(): Promise<EngineImage[]>
  readonly containers: StreamSource<ContainerList, ContainerList>
  /** About one a second while somebody follows; nothing of a container that is not ours. */
  usage(containerId: string): StreamSource<null, ContainerUsage>
  /** What the engine knows of a container of ours, as JSON. */
  inspect(containerId: string): Promise<Result<string, EngineRefusal>>
  /** Everything of ours that nothing needs any more. */
  removable(): Promise<Result<Removable[], EngineRefusal>>
  /** Removes those of `removable` that are named and still are of it. Answers with the bytes. */
  remove(ids: readonly string[]): Promise<Result<number, EngineRefusal>>
  readonly makeImage: ImageMaker
  /** Whose container of ours it is; null: no session's, or it is gone. Rejects where no engine answers. */
  sessionOf(containerId: string): Promise<SessionId | null>
  readonly copyFiles: FileCopier
}

/** Resolves when all of it is there; rejects with a sentence, and then nothing of it is. */
export type FileCopier = (
  request: CopyRequest,
  told: (progress: ImageProgress) => void,
  signal: AbortSignal,
) => Promise<void>

export interface ImageProgress {
  readonly line?: string
  /** 0 to 100. */
  readonly percent?: number
}

/** Resolves when the image is there; rejects with the engine's words. Aborted: with anything. */
export type ImageMaker = (
  request: ImageRequest,
  told: (progress: ImageProgress) => void,
  signal: AbortSignal,
) => Promise<void>
