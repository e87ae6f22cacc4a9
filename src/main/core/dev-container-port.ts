import type { DevContainer, DevContainerChoice } from '../../shared/domain/dev-container.ts'
import type { Result } from '../../shared/result.ts'

/** How the image of a dev container is made. */
export type DevContainerSource =
  | { readonly kind: 'pull'; readonly image: string }
  | {
      readonly kind: 'build'
      /** Absolute, canonical, in the workspace. */
      readonly context: string
      /** Relative to the context. */
      readonly dockerfile: string
      readonly target: string | null
      readonly args: Readonly<Record<string, string>>
    }

export interface DevContainerSetUp {
  /** What sessions start from when it is done. */
  readonly image: string
  /** As `DevContainerUse.prelude`, with the create commands: it ends with the code of the first that fails. */
  readonly prelude: string
}

export interface DevContainerUse {
  readonly shown: DevContainer
  readonly source: DevContainerSource
  /** Features of it, as the configuration has them. */
  readonly features: Readonly<Record<string, unknown>>
  /** Image that is got or made. */
  readonly image: string
  /** A script for /bin/sh: sets variables, runs the start commands, and then becomes its arguments. */
  readonly prelude: string
  /** How it is set up before the first session; null: it has no create commands. */
  readonly setUp: DevContainerSetUp | null
  /** A command for this machine, as words; null: none. */
  readonly initialize: readonly string[] | null
}

/** Reads dev containers of a workspace. Nothing of them runs, and no link is followed out of it. */
export interface DevContainers {
  find(workspace: string): Promise<DevContainer[]>
  /** `err`: a sentence; also when it is not what the person saw. */
  use(workspace: string, choice: DevContainerChoice): Promise<Result<DevContainerUse, string>>
}
