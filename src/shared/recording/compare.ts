import type { FileContent } from '../domain/file-changes.ts'
import type { IsolationLevel } from '../domain/isolation.ts'
import type { TimelineEvent } from '../domain/timeline.ts'
import { fateOf } from '../files-projection.ts'
import { projectAll } from '../projection.ts'

/** What a recording comes to, without when and by which process numbers. */
export interface Outline {
  readonly level: IsolationLevel | null
  readonly durationMs: number
  readonly terminalBytes: number
  readonly prompts: number
  /** Command lines, without the folder of the program. */
  readonly programs: ReadonlyMap<string, { readonly runs: number; readonly failed: number }>
  /** `host:port`. */
  readonly hosts: ReadonlyMap<string, HostUse>
  /** Changed files by path, as they were in the end. */
  readonly files: ReadonlyMap<string, FileContent>
}

export interface HostUse {
  readonly allowed: number
  readonly refused: number
  readonly bytes: number
}

export function outlineOf(events: readonly TimelineEvent[]): Outline {
  const state = projectAll(events)
  const programs = new Map<string, { runs: number; failed: number }>()
  for (const { argv, name, exit } of state.processes.values()) {
    const line = commandOf(argv, name)
    const known = programs.get(line) ?? { runs: 0, failed: 0 }
    const hasFailed = exit?.kind === 'exited' ? exit.code !== 0 : exit?.kind === 'signalled'
    programs.set(line, { runs: known.runs + 1, failed: known.failed + (hasFailed ? 1 : 0) })
  }
  const hosts = new Map<string, HostUse>()
  for (const { destination, decision, bytesUp, bytesDown } of state.network.values()) {
    const key = `${destination.host}:${destination.port}`
    const known = hosts.get(key) ?? { allowed: 0, refused: 0, bytes: 0 }
    hosts.set(key, {
      allowed: known.allowed + (decision?.action === 'allow' ? 1 : 0),
      refused: known.refused + (decision?.action === 'deny' ? 1 : 0),
      bytes: known.bytes + bytesUp + bytesDown,
    })
  }
  const files = new Map<string, FileContent>()
  for (const file of state.files.values())
    if (fateOf(file) !== 'unchanged') files.set(file.path, file.now)
  return {
    level: state.session?.spec.level ?? null,
    durationMs: state.monoMs,
    terminalBytes: state.terminalBytes,
    prompts: state.answered.length + state.pending.length,
    ...{ programs, hosts, files },
  }
}

const MOST_LETTERS = 300

function commandOf(argv: readonly string[], name: string): string {
  const [program = name, ...words] = argv
  return [program.slice(program.lastIndexOf('/') + 1), ...words].join(' ').slice(0, MOST_LETTERS)
}

/** One thing of two recordings; null: only the other has it. */
export interface Pair<T> {
  readonly key: string
  readonly a: T | null
  readonly b: T | null
  readonly isSame: boolean
}

/** Everything that either has, differences first, then by name. */
export function pairsOf<T>(
  a: ReadonlyMap<string, T>,
  b: ReadonlyMap<string, T>,
  isSame: (a: T, b: T) => boolean,
): Pair<T>[] {
  const keys = new Set([...a.keys(), ...b.keys()])
  return [...keys]
    .map((key) => {
      const [one, other] = [a.get(key) ?? null, b.get(key) ?? null]
      return { key, a: one, b: other, isSame: one !== null && other !== null && isSame(one, other) }
    })
    .sort((one, other) => {
      if (one.isSame !== other.isSame) return one.isSame ? 1 : -1
      return one.key < other.key ? -1 : 1
    })
}

export const isSameRun = (
  a: { readonly runs: number; readonly failed: number },
  b: { readonly runs: number; readonly failed: number },
): boolean => a.runs === b.runs && a.failed === b.failed

/** Bytes differ with every run, and say nothing of who was reached. */
export const isSameUse = (a: HostUse, b: HostUse): boolean =>
  a.allowed > 0 === b.allowed > 0 && a.refused > 0 === b.refused > 0

/** Where a content is not known, it is not known to be the same either. */
export const isSameContent = (a: FileContent, b: FileContent): boolean =>
  a.kind === 'absent'
    ? b.kind === 'absent'
    : a.kind === 'file' && b.kind === 'file' && a.hash !== null && a.hash === b.hash
