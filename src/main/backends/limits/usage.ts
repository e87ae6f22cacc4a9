import { readdir, readFile } from 'node:fs/promises'

const PAGE_BYTES = 4096

/** What one process uses, as the kernel counts it. */
export interface Usage {
  readonly pid: number
  /** Of its own: shared pages would be counted once for each process. */
  readonly memoryBytes: number
  /** Written to disk by it and by all it started and waited for: the kernel adds those up. */
  readonly writtenBytes: number
  readonly threads: number
}

/** null: it is gone. */
export async function readUsage(pid: number): Promise<Usage | null> {
  try {
    const [memory, io, tasks] = await Promise.all([
      readFile(`/proc/${pid}/statm`, 'utf8'),
      readFile(`/proc/${pid}/io`, 'utf8').catch(() => ''),
      readdir(`/proc/${pid}/task`),
    ])
    const [, resident = 0, shared = 0] = memory.split(' ').map(Number)
    return {
      pid,
      memoryBytes: (resident - shared) * PAGE_BYTES,
      writtenBytes: writtenOf(io),
      threads: tasks.length,
    }
  } catch {
    return null
  }
}

const writtenOf = (io: string): number => Number(/^write_bytes: (\d+)$/m.exec(io)?.[1] ?? 0)

/** Written by the threads of one process that live now, and by nothing else. */
export async function readOwnWritten(pid: number): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => [])
  const texts = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/io`, 'utf8').catch(() => '')),
  )
  return texts.reduce((sum, text) => sum + writtenOf(text), 0)
}

export interface Writer {
  readonly pid: number
  /** Since this was last asked. */
  readonly bytes: number
}

/** Remembers what each process had written, and says whose number rose most since. */
export function createWriterFinder(): (written: ReadonlyMap<number, number>) => Writer | null {
  let last: ReadonlyMap<number, number> = new Map()
  return (written) => {
    let writer: Writer | null = null
    for (const [pid, bytes] of written) {
      const before = last.get(pid) ?? 0
      // A smaller number is another process under the same pid.
      const since = bytes >= before ? bytes - before : bytes
      if (since > (writer?.bytes ?? 0)) writer = { pid, bytes: since }
    }
    last = written
    return writer
  }
}
