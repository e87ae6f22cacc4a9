import type { FileAccess } from '../../../shared/domain/files.ts'
import type { IsolationLevel } from '../../../shared/domain/isolation.ts'
import type { Limits } from '../../../shared/domain/limits.ts'
import type { StandIn } from '../egress-port.ts'

declare const planBrand: unique symbol

/** A folder or file of the machine that exists inside the sandbox as well. */
export interface Mount {
  readonly source: string
  readonly target: string
  readonly access: 'read' | 'write'
}

/** A program of this machine for the inside of an image, with what it needs of this machine. */
export interface OwnProgram {
  readonly argv: readonly string[]
  readonly mounts: readonly Mount[]
}

/** A person's rule about one path, or about a pattern of names below the workspace. */
export interface PlannedFileRule {
  /** Absolute; canonical unless it is a pattern. */
  readonly path: string
  /** The same before links were followed: what a built-in protection is known by. */
  readonly asked: string
  readonly isPattern: boolean
  readonly access: FileAccess
}

/** Where a dev container's image holds what its create commands left in the home. */
export const KEPT_HOME = '/.cloche-home'

/**
 * `makes`: the program keeps the home in `KEPT_HOME`, and when it ends well, that and the image are `image`.
 * `used`: the image has such a folder, which the home begins with.
 */
export type SetUp = { readonly kind: 'makes'; readonly image: string } | { readonly kind: 'used' }

export interface PlanInput {
  readonly level: Exclude<IsolationLevel, 'unconfined'>
  /** Canonical absolute path; read-write, and the working directory. */
  readonly workspace: string
  /** Inside is a copy of the workspace, and a person applies what changed in it. */
  readonly isReview: boolean
  /** The copy on this machine, once it is made; null: the workspace itself is let in. */
  readonly copy: string | null
  /** The program and its arguments; argv[0] is an absolute path that exists inside. */
  readonly argv: readonly string[]
  /** The person's home: the same path exists inside, empty but for the mounts below it. */
  readonly home: string
  readonly user: string
  /** Everything else that exists inside: the agent's state folder, its program files. */
  readonly mounts: readonly Mount[]
  /** Devices of this machine that exist inside; only a virtual machine's runner needs one. */
  readonly devices?: readonly string[]
  /** Folders whose sockets may be connected to; a mount says so by itself, a profile has to. */
  readonly sockets?: readonly string[]
  /** What the person asked for on top of the boundary's own protections. */
  readonly files: readonly PlannedFileRule[]
  /** Secrets that lie in the workspace look empty inside. */
  readonly maskSecrets: boolean
  readonly limits: Limits
  /** Levels `container` and `vm`: whose programs are used; null: this machine's. */
  readonly image: string | null
  /** Of an image: a script for its shell that becomes the program at its end; null: none. */
  readonly prelude: string | null
  /** Of a dev container with create commands; null: it has none, or there is no dev container. */
  readonly setUp: SetUp | null
  /** The same program of this machine, for an image that lacks it; null: there is none. */
  readonly ownProgram: OwnProgram | null
  /** Variables on top of the boundary's own allow-list. */
  readonly env: Readonly<Record<string, string>>
  /** Those of them that the person let in for this session; their values are never shown. */
  readonly granted: readonly string[]
  /** Values that no recording and no log may hold. */
  readonly secrets: readonly string[]
  /** Values the gateway puts into requests; inside are only what stands in for them. */
  readonly standIns: readonly StandIn[]
  /** A file of the host's that only this session needs; whoever ends the session removes it. */
  readonly trustFile: string | null
  /** Folders put in front of PATH. */
  readonly path: readonly string[]
  /** Sign-in files of the person's home whose copies are in the state folders. */
  readonly signIn: readonly string[]
  /** Hosts reachable without a question, and what happens to the others; for words only. */
  readonly hosts: readonly string[]
  /** Hosts that are never reached; for words only. */
  readonly denied: readonly string[]
  readonly otherHosts: 'ask' | 'deny' | 'closed'
}

/** Nothing is launched without one, and only this module makes one. */
export type Plan =
  | (PlanInput & { readonly [planBrand]: true })
  | (Omit<PlanInput, 'level'> & { readonly level: 'unconfined'; readonly [planBrand]: true })

declare const acknowledgementBrand: unique symbol
/** A person typed the word. Exists only for that one session. */
export type Acknowledgement = { readonly [acknowledgementBrand]: true; readonly atMs: number }

export const ACKNOWLEDGEMENT_WORD = 'unconfined'

export function acknowledge(typed: string | null, atMs: number): Acknowledgement | null {
  return typed === ACKNOWLEDGEMENT_WORD ? ({ atMs } as Acknowledgement) : null
}

export const planSandbox = (input: PlanInput): Plan => ({ ...input }) as Plan

/** A review's plan, now that its copy is there. Without one it is not started. */
export const planOnCopy = (plan: Plan, copy: string): Plan => ({ ...plan, copy })

export const planUnconfined = (
  input: Omit<PlanInput, 'level'>,
  _acknowledgement: Acknowledgement,
): Plan => ({ ...input, level: 'unconfined' }) as Plan
