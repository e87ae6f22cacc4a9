import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const RETRY_MS = 1000
const SYNC_MS = 1000
const MAX_BUFFERS = 256

export interface AppendFileOptions {
  /** `create` refuses an existing file (and a planted link); `append` requires one. */
  readonly mode: 'create' | 'append'
  /** Called after every write that reached the file; `queuedBytes` has shrunk. */
  readonly written?: () => void
  /** Writing fails from now on. Called once until it works again; nothing queued is dropped. */
  readonly failed: (detail: string) => void
  readonly recovered?: () => void
}

/**
 * Appends in order, one write at a time, as soon as bytes arrive: what was appended survives the
 * end of this process a few milliseconds later, and a power cut one second later. A write that
 * fails is repeated each second from the byte where it stopped.
 */
export class AppendFile {
  readonly #handle: FileHandle
  readonly #options: AppendFileOptions
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #pump: Promise<void> | null = null
  #syncTimer: NodeJS.Timeout | null = null
  #isFailing = false
  #isAbandoned = false

  static async open(path: string, options: AppendFileOptions): Promise<AppendFile> {
    const { O_APPEND, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
    const flags = O_APPEND | O_WRONLY | (options.mode === 'create' ? O_CREAT | O_EXCL : O_NOFOLLOW)
    return new AppendFile(await open(path, flags, 0o600), options)
  }

  private constructor(handle: FileHandle, options: AppendFileOptions) {
    this.#handle = handle
    this.#options = options
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get isFailing(): boolean {
    return this.#isFailing
  }

  /** The bytes are kept, not copied. */
  append(bytes: Uint8Array): void {
    if (this.#isAbandoned) throw new Error('append to a closed file')
    this.#queue.push(bytes)
    this.#queuedBytes += bytes.length
    this.#pump ??= this.#writeAll()
  }

  /** Everything appended so far is in the file; waits for as long as writing fails. */
  async drained(): Promise<void> {
    while (this.#pump) await this.#pump
  }

  async sync(): Promise<void> {
    await this.drained()
    await this.#handle.datasync()
  }

  /** Writes what is left, then closes. */
  async close(): Promise<void> {
    await this.drained()
    await this.#end()
  }

  /** Closes without waiting for a write that fails; returns how many bytes were not written. */
  async abandon(): Promise<number> {
    const lost = this.#queuedBytes
    this.#isAbandoned = true
    this.#queue = []
    this.#queuedBytes = 0
    await this.drained()
    await this.#end()
    return lost
  }

  async #end(): Promise<void> {
    this.#isAbandoned = true
    if (this.#syncTimer) clearTimeout(this.#syncTimer)
    await this.#handle.datasync().catch(() => undefined)
    await this.#handle.close()
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0) {
      try {
        const { bytesWritten } = await this.#handle.writev(this.#queue.slice(0, MAX_BUFFERS))
        this.#remove(bytesWritten)
      } catch (cause) {
        this.#fail(cause)
        if (!this.#isAbandoned) await sleep(RETRY_MS)
        continue
      }
      if (this.#isFailing) {
        this.#isFailing = false
        this.#options.recovered?.()
      }
      this.#syncTimer ??= setTimeout(() => this.#syncLater(), SYNC_MS).unref()
      this.#options.written?.()
    }
    this.#pump = null
  }

  #remove(bytes: number): void {
    if (this.#isAbandoned) return
    this.#queuedBytes -= bytes
    let left = bytes
    let whole = 0
    while (whole < this.#queue.length && left >= (this.#queue[whole] as Uint8Array).length)
      left -= (this.#queue[whole++] as Uint8Array).length
    this.#queue.splice(0, whole)
    if (left > 0) this.#queue[0] = (this.#queue[0] as Uint8Array).subarray(left)
  }

  #syncLater(): void {
    this.#syncTimer = null
    this.#handle.datasync().catch((cause: unknown) => {
      if (!this.#isAbandoned) this.#fail(cause)
    })
  }

  #fail(cause: unknown): void {
    if (this.#isFailing) return
    this.#isFailing = true
    this.#options.failed(cause instanceof Error ? cause.message : String(cause))
  }
}
