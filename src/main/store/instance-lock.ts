import { link, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { err, ok, type Result } from '../../shared/result.ts'

/** A process, in a way that no later process of the same number can be mistaken for. */
const Holder = z.strictObject({
  pid: z.number().int().positive(),
  /** Start time in clock ticks since boot, and that boot; null where the system does not tell. */
  startTicks: z.number().nullable(),
  bootId: z.string().nullable(),
})
type Holder = z.infer<typeof Holder>

export interface InstanceLock {
  /** Only the holder's own lock is removed. */
  release(): Promise<void>
}

const ATTEMPTS = 10

/** One instance per data folder. A lock whose holder is gone is taken over. */
export async function lockInstance(
  folder: string,
): Promise<Result<InstanceLock, { readonly type: 'already_running'; readonly pid: number }>> {
  const path = join(folder, 'instance.lock')
  const mine = JSON.stringify(await identity(process.pid))
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await place(path, mine)) return ok({ release: () => release(path, mine) })
    const text = await readFile(path, 'utf8').catch(() => null)
    if (text === null) continue
    const holder = parseHolder(text)
    if (holder && (await isRunning(holder)))
      return err({ type: 'already_running', pid: holder.pid })
    await removeStale(path, text)
  }
  throw new Error(`the lock ${path} changes hands all the time`)
}

/** Appears with its content or not at all, and never over another one. */
async function place(path: string, text: string): Promise<boolean> {
  const temporary = `${path}.${process.pid}.${process.hrtime.bigint()}`
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.close()
    await link(temporary, path)
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw cause
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Another instance may take the stale lock over in the same moment: then its lock is put back. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = `${path}.stale.${process.pid}.${process.hrtime.bigint()}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  if ((await readFile(aside, 'utf8')) !== stale) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
}

async function release(path: string, mine: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => null)) === mine) await rm(path, { force: true })
}

function parseHolder(text: string): Holder | null {
  try {
    const holder = Holder.safeParse(JSON.parse(text))
    return holder.success ? holder.data : null
  } catch {
    return null
  }
}

async function isRunning(holder: Holder): Promise<boolean> {
  const now = await identity(holder.pid)
  if (holder.startTicks !== null)
    return now.startTicks === holder.startTicks && now.bootId === holder.bootId
  try {
    process.kill(holder.pid, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function identity(pid: number): Promise<Holder> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => null)
  // The name in parentheses may hold spaces; state and start time come after it.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = fields?.[19]
  // What has ended and was only not reaped yet holds nothing any more.
  const isGone = fields?.[0] === 'Z' || fields?.[0] === 'X'
  return {
    pid,
    startTicks: ticks === undefined || isGone ? null : Number(ticks),
    bootId: bootId?.trim() ?? null,
  }
}
