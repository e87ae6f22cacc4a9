import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { AuditEntry } from '../../shared/domain/audit.ts'
import type { AuditStore, Log } from '../core/ports.ts'
import { AppendFile } from '../disk/append-file.ts'
import { FIRST_LINK, type Head, JSON_AT, linkOf, parseLine, verifyChain } from './audit-chain.ts'
import { readOrNull } from './read-or-null.ts'
import { replaceFile } from './replace-file.ts'

const LOG_FILE = 'audit.log'
const HEAD_FILE = 'audit.head'
/** Milliseconds until the end of the log is noted: a flood of decisions is one note. */
const HEAD_MS = 500
const Head = z.strictObject({ n: z.number().int(), hash: z.string() })

/** One chain of entries for all sessions. Appends at once; nothing written is ever changed. */
export async function openAuditLog(folder: string, log: Log): Promise<AuditStore> {
  const path = join(folder, LOG_FILE)
  const text = await readText(path)
  // A last line that was cut off was never acknowledged by the head: it is cut off whole.
  const torn = text === null ? 0 : Buffer.byteLength(text.slice(text.lastIndexOf('\n') + 1))
  if (torn > 0) await truncate(path, Buffer.byteLength(text ?? '') - torn)
  const last = lastLine(text?.slice(0, text.lastIndexOf('\n') + 1) ?? null)
  const head = await readHead(folder)
  const begin = { n: 0, hash: FIRST_LINK }
  // Where the end is missing the numbers go on from the head, so that the gap stays to be seen.
  let { n, hash } = head && head.n > (last ?? begin).n ? head : (last ?? begin)
  const file = await AppendFile.open(path, {
    mode: text === null ? 'create' : 'append',
    failed: (detail) => log.error(`the audit log cannot be written: ${detail}`),
  })
  let timer: NodeJS.Timeout | null = null
  let saving: Promise<void> = Promise.resolve()
  /** The head as it is now, after what it stands for: never ahead of the log, even after a power cut. */
  const saveHead = (): Promise<void> => {
    if (timer) clearTimeout(timer)
    timer = null
    saving = saving
      .then(async () => {
        const reached: Head = { n, hash }
        await file.sync()
        await replaceFile(join(folder, HEAD_FILE), `${JSON.stringify(reached)}\n`, 'crash')
      })
      .catch((cause: unknown) => log.error('the end of the audit log was not noted', cause))
    return saving
  }
  const lines = async (): Promise<string[]> => {
    await file.drained()
    return linesOf((await readText(path)) ?? '')
  }
  return {
    append: (entry) => {
      n++
      const json = JSON.stringify({ n, ...entry } satisfies AuditEntry)
      hash = linkOf(hash, json)
      file.append(Buffer.from(`${hash} ${json}\n`))
      timer ??= setTimeout(() => void saveHead(), HEAD_MS).unref()
    },
    read: async (words) => {
      const wanted = words.trim().toLowerCase()
      return (await lines())
        .filter((line) => line.slice(JSON_AT).toLowerCase().includes(wanted))
        .flatMap((line) => parseLine(line)?.entry ?? [])
    },
    verify: async () => {
      if (timer) await saveHead()
      return verifyChain(await lines(), await readHead(folder))
    },
    close: async () => {
      if (timer) await saveHead()
      await saving
      await file.close()
    },
  }
}

/** The same for a folder that no Cloche has open. */
export const verifyAudit = async (folder: string) =>
  verifyChain(linesOf((await readText(join(folder, LOG_FILE))) ?? ''), await readHead(folder))

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

function lastLine(text: string | null): Head | null {
  const line = parseLine(linesOf(text ?? '').at(-1) ?? '')
  return line && { n: line.entry.n, hash: line.hash }
}

async function readHead(folder: string): Promise<Head | null> {
  const text = await readText(join(folder, HEAD_FILE))
  try {
    return text === null ? null : (Head.safeParse(JSON.parse(text)).data ?? null)
  } catch {
    return null
  }
}

const readText = async (path: string): Promise<string | null> =>
  (await readOrNull(path))?.toString('utf8') ?? null
