/** What a script can tell from. */
export const EXIT = { ok: 0, failed: 1, usage: 2, noHost: 3, refused: 4 } as const

/** Ends a command with a sentence. */
export class CommandFailure extends Error {
  readonly code: number

  constructor(sentence: string, code: number) {
    super(sentence)
    this.code = code
  }
}
