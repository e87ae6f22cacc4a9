import { LIMITS } from '../../shared/rpc/frames.ts'

export type NextStep = 'send' | 'skip'

/**
 * How much one viewer was sent and has not drawn. Past the window it is sent nothing more, and
 * once it has drawn all of that, a fresh screen stands for everything it missed.
 */
export class ViewerWindow {
  #sent: { readonly end: number; readonly bytes: number }[] = []
  #outstandingBytes = 0
  #isBehind = false
  #isScreenDue = false

  get outstandingBytes(): number {
    return this.#outstandingBytes
  }

  /** A screen that includes everything before `offset`. */
  screen(offset: number, bytes: number): void {
    this.#isBehind = false
    this.#isScreenDue = false
    this.#push(offset, bytes)
  }

  /** Output that ends at `offset`. */
  output(offset: number, bytes: number): NextStep {
    if (this.#isBehind || this.#outstandingBytes + bytes > LIMITS.viewerWindowBytes) {
      this.#isBehind = true
      return 'skip'
    }
    this.#push(offset, bytes)
    return 'send'
  }

  /** It misses output that is never sent. True, once: it needs a screen now. */
  missed(): boolean {
    this.#isBehind = true
    return this.#isDue()
  }

  /** True, once: it caught up with what it was sent, missed something since, and needs a screen. */
  drawn(offset: number): boolean {
    const first = this.#sent.findIndex(({ end }) => end > offset)
    const done = this.#sent.splice(0, first === -1 ? this.#sent.length : first)
    for (const { bytes } of done) this.#outstandingBytes -= bytes
    return this.#isDue()
  }

  #isDue(): boolean {
    if (!this.#isBehind || this.#sent.length > 0 || this.#isScreenDue) return false
    this.#isScreenDue = true
    return true
  }

  #push(end: number, bytes: number): void {
    this.#sent.push({ end, bytes })
    this.#outstandingBytes += bytes
  }
}
