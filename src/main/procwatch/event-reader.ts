import type { ProcessEvent } from '../core/process-events.ts'
import type { Clock } from '../core/ports.ts'
import { createRecordDecoder, type ReaderRecord } from './event-records.ts'

/** The reader as a running process: `native/process-events.c`, or null where there is none. */
export interface ReaderProcess {
  readonly stdin: NodeJS.WritableStream | null
  readonly stdout: NodeJS.ReadableStream | null
  readonly pid?: number | undefined
  /** It runs in another kernel: its times are of that one's monotonic clock, and it ends with it. */
  readonly isInGuest?: boolean
  on(event: 'error' | 'exit', listener: (cause: unknown) => void): unknown
}

export interface EventReaderOptions {
  readonly start: () => ReaderProcess
  readonly clock: Pick<Clock, 'monoMs'>
  /** In the kernel's order. `isWhole`: false when events before them were lost. */
  readonly told: (events: readonly ProcessEvent[], isWhole: boolean) => void
  /** After it was ready; nothing is told from then on. */
  readonly failed: (reason: string) => void
}

export interface EventReader {
  /** null: the kernel tells. Otherwise why it does not, as a sentence's part. Never rejects. */
  readonly ready: Promise<string | null>
  /** This process and all it starts from now on, and all they start. */
  watch(pid: number): void
  /** Resolves when everything that happened before the call was told, or the reader failed. */
  sync(): Promise<void>
  /** Resolves when its process has ended. */
  close(): Promise<void>
}

const NOT_BUILT = 'the reader of process events was not built on this machine'

/** Owns the one process that listens to the kernel for all sessions. */
export function startEventReader(options: EventReaderOptions): EventReader {
  const decoder = createRecordDecoder()
  const waiting: (() => void)[] = []
  /** How far our clock is ahead of the events'; null: they are the same. */
  let aheadMs: number | null = null
  let state: 'starting' | 'ready' | 'over' = 'starting'
  let settle: (reason: string | null) => void = () => undefined
  const ready = new Promise<string | null>((resolve) => {
    settle = resolve
  })

  const finish = (reason: string): void => {
    state = 'over'
    settle(reason)
    for (const done of waiting.splice(0)) done()
    child.stdin?.end()
  }
  const fail = (reason: string): void => {
    const before = state
    if (before === 'over') return
    finish(reason)
    if (before === 'ready') options.failed(reason)
  }

  /** Asked anew each time: a guest that was halted is further behind than before. */
  const compareClocks = (told: { readonly atMonoMs: number }): void => {
    if (child.isInGuest) aheadMs = options.clock.monoMs() - told.atMonoMs
  }

  const take = (records: readonly ReaderRecord[]): void => {
    let events: ProcessEvent[] = []
    const tell = (isWhole: boolean): void => {
      if (events.length > 0 || !isWhole) options.told(events, isWhole)
      events = []
    }
    for (const record of records) {
      if (record.type === 'ready') {
        compareClocks(record)
        state = 'ready'
        settle(null)
      } else if (record.type === 'synced') {
        tell(true)
        compareClocks(record)
        waiting.shift()?.()
      } else if (record.type === 'overrun') tell(false)
      else if (record.type === 'failed') fail(record.reason)
      else events.push(aheadMs === null ? record : later(record, aheadMs))
    }
    tell(true)
  }

  const child = options.start()
  /** The end of a kernel is the end of all that would be told. */
  const gone = (reason: string): void => (child.isInGuest ? finish(reason) : fail(reason))
  const exited = new Promise<void>((resolve) => {
    child.on('error', () => {
      fail(NOT_BUILT)
      resolve()
    })
    child.on('exit', () => {
      gone('the reader of process events ended')
      resolve()
    })
  })
  child.stdin?.on('error', () => gone('the reader of process events does not listen'))
  child.stdout?.on('data', (part: Buffer) => {
    try {
      if (state !== 'over') take(decoder.decode(part))
    } catch (cause) {
      fail(`the reader of process events is broken: ${String(cause)}`)
    }
  })

  const command = (value: number): void => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value)
    child.stdin?.write(bytes)
  }

  return {
    ready,
    watch: (pid) => {
      if (state !== 'over') command(pid)
    },
    sync: () =>
      state === 'over'
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push(resolve)
            command(0)
          }),
    close: () => {
      finish('it was closed')
      return exited
    },
  }
}

function later(event: ProcessEvent, byMs: number): ProcessEvent {
  const atMonoMs = event.atMonoMs + byMs
  return event.type === 'executed'
    ? { ...event, atMonoMs, readMonoMs: event.readMonoMs + byMs }
    : { ...event, atMonoMs }
}
