import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { access, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Fact } from '../../shared/domain/timeline.ts'
import type { PageParts } from '../../shared/recording/offline-page.ts'
import { CommandFailure, EXIT } from './exit.ts'

/** Of an exported page, as they were built. */
export async function pageParts(entries: string): Promise<PageParts> {
  const read = (name: string): Promise<string> =>
    readFile(join(entries, '../renderer', name), 'utf8').catch(() => {
      throw new CommandFailure(`${name} is missing. Build Cloche again.`, EXIT.failed)
    })
  const [script, style] = await Promise.all([read('offline.js'), read('offline.css')])
  return {
    ...{ script, style, squeeze: promisify(gzip) },
    sha256: (bytes) => Promise.resolve(createHash('sha256').update(bytes).digest()),
  }
}

export function labelOf(fact: Fact): string {
  switch (fact.type) {
    case 'prompt/raised':
      return `Prompt: ${fact.request.destination.host}:${fact.request.destination.port}`
    case 'prompt/answered':
    case 'net/decided':
      return fact.decision.action === 'allow' ? 'Allowed' : 'Denied'
    case 'question/asked':
      return `The agent asks: ${fact.question.tool}`
    case 'question/settled':
      return fact.outcome.kind === 'person'
        ? `The agent’s question: ${fact.outcome.choice}`
        : 'The agent asks no longer'
    case 'limits/reached':
      return `Limit reached, ${fact.limit}: ${fact.detail}`
    default:
      return fact.type
  }
}

/** As fast as who reads it. One that wants no more ends it. */
export const toStdout = (pieces: AsyncIterable<string>): Promise<void> =>
  pipeline(Readable.from(pieces), process.stdout, { end: false }).catch(
    (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EPIPE') throw cause
    },
  )

/** Under its name only when it is whole. */
export async function toNewFile(path: string, pieces: AsyncIterable<string>): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  )
  if (isThere) throw new CommandFailure(`${path} is there already.`, EXIT.usage)
  const part = `${path}.part`
  try {
    await pipeline(Readable.from(pieces), createWriteStream(part, { flags: 'wx', mode: 0o600 }))
    await rename(part, path)
  } catch (cause) {
    await rm(part, { force: true })
    const { code, message } =
      cause instanceof Error && 'code' in cause ? cause : { code: 0, message: '' }
    if (!code) throw cause
    throw new CommandFailure(`${path} could not be written: ${message}`, EXIT.failed)
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }
}

export function showProgress(share: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${Math.floor(share * 100)} %`)
}
