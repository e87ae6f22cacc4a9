/** A path inside that is covered now and was not; see the fact `isolation/restored`. */
export interface RestoredMount {
  readonly path: string
  readonly was: 'replaced' | 'socket'
}

/** Puts back what somebody outside uncovered, from when it is made until the sandbox is destroyed. */
export interface MountKeeper {
  /** Something is new at this path inside: a socket that was not made inside is covered. */
  appeared(path: string): void
}

/** Called once; tells each path it covered. */
export type KeepMounts = (told: (restored: RestoredMount) => void) => MountKeeper
