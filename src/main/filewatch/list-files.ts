import type { FileList, ListFiles, ManifestRow } from '../core/file-port.ts'
import type { HelperProcess } from './watch-files.ts'

// Words of native/file-list.h: six for each file, each ended by a zero.

const WORDS = 6
/** Files of one list. */
const MOST_FILES = 50_000
const MOST_MS = 30_000

/** `start`: native/file-changes.c with these arguments. */
export function createListFiles(
  start: (args: readonly string[]) => Promise<HelperProcess>,
): ListFiles {
  return async ({ folder, hidden }) => {
    if (process.platform !== 'linux') return null
    const helper = await start(['list', folder, String(MOST_FILES), ...hidden])
    const timer = setTimeout(() => helper.kill(), MOST_MS)
    const list = await readAll(helper)
    clearTimeout(timer)
    return list
  }
}

/** null: it ended before it said that it was done. */
async function readAll(helper: HelperProcess): Promise<FileList | null> {
  const rows: ManifestRow[] = []
  const decoder = new TextDecoder()
  let rest: readonly string[] = ['']
  let isWhole: boolean | null = null
  /** A name that is no text cannot be asked for by one. */
  let hasUnnamed = false
  const take = (bytes: Uint8Array): void => {
    const words = (rest.join('\0') + decoder.decode(bytes, { stream: true })).split('\0')
    const whole = words.length - 1 - ((words.length - 1) % WORDS)
    for (let at = 0; at < whole; at += WORDS) {
      const [path = '', kind, inode = '', size, ctimeNs = '', mtimeNs = ''] = words.slice(
        at,
        at + WORDS,
      )
      if (path === '') isWhole = kind === 'all'
      else if (path.includes('\uFFFD')) hasUnnamed = true
      else rows.push({ path, kind: kindOf(kind), bytes: Number(size), inode, ctimeNs, mtimeNs })
    }
    rest = words.slice(whole)
  }
  helper.stdin?.on('error', () => undefined)
  helper.stdout?.on('data', take)
  helper.stdout?.on('error', () => undefined)
  await helper.ended
  return isWhole === null ? null : { rows, isWhole: isWhole && !hasUnnamed }
}

const kindOf = (word: string | undefined): ManifestRow['kind'] =>
  word === 'file' || word === 'link' ? word : 'other'
