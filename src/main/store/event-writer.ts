import { open } from 'node:fs/promises'
import { AppendFile } from '../disk/append-file.ts'
import { appendPoint } from './event-lines.ts'

const BATCH_MS = 250
/** A recording nobody appends to for so long gives its file back. */
const IDLE_MS = 10_000

export interface EventWriterOptions {
  readonly path: string
  readonly failed: (detail: string) => void
  /** The file is closed; a later append needs a new writer. */
  readonly closed: () => void
}

/** Appends to one event log. Opened with the first batch, after a torn end has been cut off. */
export class EventWriter {
  readonly #options: EventWriterOptions
  #lines: Uint8Array[] = []
  #timer: NodeJS.Timeout | null = null
  #file: Promise<AppendFile> | null = null
  #work: Promise<void> = Promise.resolve()
  #idle: NodeJS.Timeout | null = null

  constructor(options: EventWriterOptions) {
    this.#options = options
  }

  append(line: Uint8Array): void {
    this.#lines.push(line)
    this.#timer ??= setTimeout(() => {
      this.#write().catch((cause: unknown) => this.#fail(cause))
    }, BATCH_MS)
  }

  /** Everything appended so far is in the file. */
  async flush(): Promise<void> {
    await this.#write()
    await (await this.#file)?.drained()
  }

  async close(): Promise<void> {
    await this.flush()
    if (this.#idle) clearTimeout(this.#idle)
    const file = await this.#file
    this.#file = null
    this.#options.closed()
    await file?.close()
  }

  #write(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#work = this.#work.then(() => this.#writeLines())
    return this.#work
  }

  async #writeLines(): Promise<void> {
    if (this.#lines.length === 0) return
    this.#file ??= this.#open()
    const file = await this.#file
    for (const line of this.#lines.splice(0)) file.append(line)
    if (this.#idle) clearTimeout(this.#idle)
    this.#idle = setTimeout(() => {
      this.close().catch((cause: unknown) => this.#fail(cause))
    }, IDLE_MS).unref()
  }

  async #open(): Promise<AppendFile> {
    await repairEnd(this.#options.path)
    return AppendFile.open(this.#options.path, { mode: 'append', failed: this.#options.failed })
  }

  #fail(cause: unknown): void {
    this.#options.failed(cause instanceof Error ? cause.message : String(cause))
  }
}

const TAIL_BYTES = 64 * 1024

/** Makes the file end with a whole line: the only change ever made to what was written before. */
async function repairEnd(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    let tail = new Uint8Array(0)
    // Further back only when a line is longer than what was read.
    for (let bytes = TAIL_BYTES; !tail.includes(0x0a) && tail.length < size; bytes *= 4) {
      tail = new Uint8Array(Math.min(bytes, size))
      await file.read(tail, 0, tail.length, size - tail.length)
    }
    const { cutBytes, newline } = appendPoint(tail)
    if (cutBytes > 0) await file.truncate(size - cutBytes)
    if (newline) await file.write('\n', size)
  } finally {
    await file.close()
  }
}

/** A new name in a folder survives a power cut only once the folder is on disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
