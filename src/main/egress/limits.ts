/** Bounds of one gateway. Times in milliseconds, sizes in bytes. */
export interface EgressLimits {
  /** From accept to a complete request head or SOCKS request. */
  readonly headMs: number
  readonly headBytes: number
  readonly headers: number
  /** A kept-alive HTTP client may be silent this long between two requests. */
  readonly keepAliveMs: number
  /** A connection on which nothing moves either way is closed after this. */
  readonly idleMs: number
  readonly resolveMs: number
  readonly dialMs: number
  /** Further connections are dropped by the kernel's accept path. */
  readonly connections: number
  /** Connections held for a decision; further ones are denied at once. */
  readonly held: number
  /** Bytes a client may send before its connection is decided; then it is not read any more. */
  readonly earlyBytes: number
  /** How long a refused client may take to read the refusal. */
  readonly lingerMs: number
  /** Of one question of the agent itself; a larger one is left to the agent's terminal. */
  readonly questionBytes: number
}

export const DEFAULT_LIMITS: EgressLimits = {
  headMs: 10_000,
  headBytes: 16 * 1024,
  headers: 100,
  keepAliveMs: 60_000,
  idleMs: 60 * 60_000,
  resolveMs: 10_000,
  dialMs: 15_000,
  connections: 4096,
  held: 1024,
  earlyBytes: 64 * 1024,
  lingerMs: 2_000,
  questionBytes: 64 * 1024,
}
