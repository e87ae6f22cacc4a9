import { link, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { err, ok, type Result } from '../../shared/result.ts'
import { hasEnded, splitStat, startTicksOf } from '../core/proc-stat.ts'

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

const ATTEMPTS = 100
const RETRY_MS = 20

/** One instance per data folder. A lock whose holder is gone is taken over. */
export async function lockInstance(
  folder: string,
): Promise<Result<InstanceLock, { readonly type: 'already_running'; readonly pid: number }>> {
  const path = join(folder, 'instance.lock')
  const mine = JSON.stringify(await identity(process.pid))
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await place(path, mine)) return ok({ release: () => release(path, mine) })
    const text = await read(path)
    if (text === null) continue
    const holder = parseHolder(text)
    if (holder && (await isRunning(holder)))
      return err({ type: 'already_running', pid: holder.pid })
    if (await takeOver(path, text, mine)) return ok({ release: () => release(path, mine) })
    await sleep(RETRY_MS)
  }
  throw new Error(`the lock ${path} changes hands all the time`)
}

const read = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null)

/** Appears with its content or not at all, and never over another one. */
async function place(path: string, text: string): Promise<boolean> {
  const temporary = await writeTemporary(path, text)
  try {
    await link(temporary, path)
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw cause
  } finally {
    await rm(temporary, { force: true })
  }
}

/**
 * Replaces a stale lock in one step, so that there is never a moment without one. Only the holder
 * of a second lock may, and only while the first is still the one that was found stale.
 */
async function takeOver(path: string, stale: string, mine: string): Promise<boolean> {
  const guard = `${path}.takeover`
  if (!(await place(guard, mine))) {
    // Its holder died within these few lines, or is about to be done.
    const holder = parseHolder((await read(guard)) ?? '')
    if (holder && !(await isRunning(holder))) await rm(guard, { force: true })
    return false
  }
  try {
    if ((await read(path)) !== stale) return false
    await rename(await writeTemporary(path, mine), path)
    return true
  } finally {
    await rm(guard, { force: true })
  }
}

async function writeTemporary(path: string, text: string): Promise<string> {
  const temporary = `${path}.${process.pid}.${process.hrtime.bigint()}`
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(text)
  } finally {
    await file.close()
  }
  return temporary
}

async function release(path: string, mine: string): Promise<void> {
  if ((await read(path)) === mine) await rm(path, { force: true })
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
  const line = splitStat(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => null)
  return {
    pid,
    startTicks: line && !hasEnded(line) ? startTicksOf(line) : null,
    bootId: bootId?.trim() ?? null,
  }
}
