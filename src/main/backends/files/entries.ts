import type { FileAccess } from '../../../shared/domain/files.ts'

/** What is put where a protected path does not exist, so that nothing else can be: see ADR 0009. */
export type Neutral = 'folder' | 'empty-file' | 'own-common-folder'

/**
 * One mount over a path of the machine that exists at the same path inside. `pin`: as it is, but
 * it cannot be renamed, so nothing below it is moved out of the way of its protection.
 */
export interface FileEntry {
  /** Absolute and canonical. */
  readonly path: string
  readonly kind: 'file' | 'folder'
  readonly access: FileAccess | 'pin'
  readonly origin: 'boundary' | 'person'
  /** null: it exists. Otherwise it is made for as long as a session needs it. */
  readonly absent: Neutral | null
}

/** All mounts below and beside the workspace, in the order they are made. */
export interface FilePolicy {
  readonly entries: readonly FileEntry[]
  /** What could not be covered, as the object of a sentence: "write vendor/x/.git, which is …". */
  readonly gaps: readonly string[]
}

/** A rule or a path of the workspace that cannot be held; nothing is started. */
export class RefusedPath extends Error {
  readonly path: string
  constructor(path: string, reason: string) {
    super(reason)
    this.path = path
  }
}
