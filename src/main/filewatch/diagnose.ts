import { access, readFile } from 'node:fs/promises'
import { release } from 'node:os'
import type { Diagnosis } from '../../shared/domain/sandbox.ts'

export interface FileWatchFacts {
  /** Both small programs are built. */
  readonly isBuilt: boolean
  readonly platform: NodeJS.Platform
  /** As the system says it: `6.1.0-18-amd64`. */
  readonly kernel: string
  /** Folders one person may watch at a time; null: it does not say. */
  readonly mostFolders: number | null
}

/** What of a session's changes of files this machine can tell. */
export async function readFileWatchFacts(programs: readonly string[]): Promise<FileWatchFacts> {
  const built = await Promise.all(
    programs.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  )
  const most = await readFile('/proc/sys/fs/inotify/max_user_watches', 'utf8').catch(() => '')
  return {
    isBuilt: built.every(Boolean),
    ...{ platform: process.platform, kernel: release() },
    mostFolders: Number(most) || null,
  }
}

/** Pure. The kernel has to be able to let a call go on that it held: see native/write-notices.h. */
export function diagnoseFileWatch(facts: FileWatchFacts): Diagnosis {
  const [major = 0, minor = 0] = facts.kernel.split('.').map(Number)
  const isNew = major > 5 || (major === 5 && minor >= 6)
  const base = {
    ...{ id: 'file-changes', title: 'Changes of files', level: null },
    facts: [
      { name: 'Kernel', value: facts.kernel },
      { name: 'Small programs', value: facts.isBuilt ? 'built' : 'not built' },
      ...(facts.mostFolders === null
        ? []
        : [{ name: 'Folders that can be watched', value: String(facts.mostFolders) }]),
    ],
  }
  if (facts.platform !== 'linux')
    return {
      ...{ ...base, status: 'unsupported', remedies: [] },
      summary: 'Changes of files are recorded on Linux only.',
    }
  if (!facts.isBuilt)
    return {
      ...{ ...base, status: 'missing' },
      summary: 'Changes of files are not recorded.',
      remedies: [{ say: 'A C compiler when Cloche is first started.', command: null }],
    }
  if (!isNew)
    return {
      ...{ ...base, status: 'missing' },
      summary: 'That files change is recorded, but not who changes them.',
      remedies: [{ say: 'Linux 5.6 or newer.', command: null }],
    }
  return {
    ...{ ...base, status: 'usable', remedies: [] },
    summary: 'Every change of a file in a session is recorded, with who makes it.',
  }
}
