import type { FileReport, SeenContent } from '../core/file-port.ts'
import type { ProcessRef } from '../core/ports.ts'

// Words of native/file-changes.c: a length of four bytes, then as many, each word ended by a zero.

const WORDS = 10
const ABSENT = '-1'
const UNKNOWN = '-2'
const SAME = '='

/** Takes bytes that end anywhere. @throws {Error} for what that program does not write. */
export function createRecordReader(): (bytes: Uint8Array) => FileReport[] {
  let rest = Buffer.alloc(0)
  return (bytes) => {
    rest = rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([rest, bytes])
    const reports: FileReport[] = []
    let at = 0
    while (rest.length >= at + 4) {
      const end = at + 4 + rest.readUInt32LE(at)
      if (rest.length < end) break
      reports.push(decode(rest.toString('utf8', at + 4, end).split('\0')))
      at = end
    }
    rest = rest.subarray(at)
    return reports
  }
}

function decode(words: readonly string[]): FileReport {
  if (words.length !== WORDS + 1) throw new Error(`a record of ${words.length} words`)
  const [
    what = '',
    path = '',
    from = '',
    kind,
    pid,
    ticks,
    before,
    beforeBytes,
    after,
    afterBytes,
  ] = words
  switch (what) {
    case 'ready':
    case 'notices':
    case 'missed':
      return { type: what }
    case 'watching':
      return { type: what, isWhole: path === 'all' }
    case 'read':
    case 'wanted':
      return {
        type: 'needed',
        ...{ outcome: what === 'read' ? what : 'absent', path, isFolder: kind === 'folder' },
        reader: processOf(pid, ticks),
      }
    case 'created':
    case 'written':
    case 'deleted':
    case 'renamed':
      return {
        type: 'changed',
        ...{ change: what, path, from: from === '' ? null : from, isFolder: kind === 'folder' },
        writer: processOf(pid, ticks),
        before: contentOf(before, beforeBytes),
        after: contentOf(after, afterBytes),
      }
    default:
      throw new Error(`a record of no known kind: ${what}`)
  }
}

const processOf = (pid = '0', ticks = '0'): ProcessRef | null =>
  pid === '0' ? null : { pid: Number(pid), startTicks: Number(ticks) }

function contentOf(copy = '', bytes = UNKNOWN): SeenContent {
  if (bytes === ABSENT) return { kind: 'absent' }
  if (bytes === UNKNOWN) return { kind: 'unknown' }
  const kept = copy === SAME ? 'same' : copy === '' ? null : { copy }
  return { kind: 'file', bytes: Number(bytes), kept }
}
