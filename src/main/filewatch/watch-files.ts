import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { FileWatchRequest, WatchFiles } from '../core/file-port.ts'
import type { Log } from '../core/ports.ts'
import { createRecordReader } from './change-records.ts'

/** A program that talks over its standard input and output. */
export interface HelperProcess {
  readonly stdin: Writable | null
  readonly stdout: Readable | null
  /** Every word of it has been read. */
  readonly ended: Promise<unknown>
  kill(): void
}

export interface WatchFilesOptions {
  /** Starts native/file-changes.c with these arguments. */
  readonly start: (args: readonly string[]) => Promise<HelperProcess>
  /** Parent of a private folder for the socket; nothing of it is visible inside a sandbox. */
  readonly socketsIn: string
  readonly log: Log
}

const READY_MS = 3000
const CLOSE_MS = 5000

/** Watches workspaces by a small program of ours, one for each session. */
export function createWatchFiles(options: WatchFilesOptions): WatchFiles {
  return async (request) => {
    if (process.platform !== 'linux') return { reason: 'Only Linux tells of changes of files.' }
    const folder = await mkdtemp(join(options.socketsIn, 'cloche-files-'))
    const socket = join(folder, 'observer')
    const { folder: watched, workspace, copies, hidden, programs, learns } = request
    const wants = learns ? 'needs' : 'writes'
    const helper = await options.start([
      ...[watched, workspace, copies, socket, wants, programs],
      ...hidden,
    ])
    const remove = () => rm(folder, { recursive: true, force: true })
    if (!(await isReady(helper, request, options.log))) {
      helper.kill()
      await helper.ended
      await remove()
      return { reason: 'The program that watches files is not built, or could not start.' }
    }
    let isClosing = false
    const gone = helper.ended.then(async () => {
      await remove()
      if (!isClosing) request.lost('The program that watches files ended.')
    })
    return {
      socket,
      close: async () => {
        isClosing = true
        helper.stdin?.end()
        const timer = setTimeout(() => helper.kill(), CLOSE_MS)
        await gone
        clearTimeout(timer)
      },
    }
  }
}

/** Passes on what it says; resolves when it said that it is ready, or will never be. */
function isReady(helper: HelperProcess, { report }: FileWatchRequest, log: Log): Promise<boolean> {
  const read = createRecordReader()
  helper.stdin?.on('error', () => undefined)
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), READY_MS)
    const settle = (isUp: boolean): void => {
      clearTimeout(timer)
      resolve(isUp)
    }
    helper.stdout?.on('data', (bytes: Uint8Array) => {
      try {
        for (const told of read(bytes))
          if (told.type === 'ready') settle(true)
          else report(told)
      } catch (cause) {
        log.error('what watches files said something else', cause)
        helper.kill()
      }
    })
    void helper.ended.then(() => settle(false))
  })
}
