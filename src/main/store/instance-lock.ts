import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { err, ok, type Result } from '../../shared/result.ts'

export interface InstanceLock {
  release(): Promise<void>
}

interface Owner {
  readonly pid: number
  /** Field 22 of /proc/PID/stat; null where there is no /proc. */
  readonly startTicks: string | null
  readonly bootId: string | null
}

/** One host per data folder. A lock whose owner is gone (also after a restart) is taken over. */
export async function lockInstance(
  folder: string,
): Promise<Result<InstanceLock, { readonly type: 'already_running'; readonly pid: number }>> {
  const path = join(folder, 'instance.lock')
  const own: Owner = {
    pid: process.pid,
    startTicks: await startTicks(process.pid),
    bootId: await bootId(),
  }
  for (;;) {
    try {
      const file = await open(path, 'wx', 0o600)
      await file.writeFile(JSON.stringify(own)).finally(() => file.close())
      return ok({
        release: async () => {
          if ((await readOwner(path))?.pid === own.pid) await rm(path, { force: true })
        },
      })
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    }
    const owner = await readOwner(path)
    if (owner && (await isAlive(owner, own.bootId)))
      return err({ type: 'already_running', pid: owner.pid })
    await rm(path, { force: true })
  }
}

async function readOwner(path: string): Promise<Owner | null> {
  try {
    const parsed = JSON.parse(await readFile(path, 'utf8')) as Owner
    return Number.isInteger(parsed.pid) ? parsed : null
  } catch {
    return null
  }
}

async function isAlive(owner: Owner, currentBoot: string | null): Promise<boolean> {
  if (owner.bootId !== currentBoot) return false
  if (owner.startTicks !== null) return (await startTicks(owner.pid)) === owner.startTicks
  try {
    process.kill(owner.pid, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function startTicks(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

const bootId = (): Promise<string | null> =>
  readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => null,
  )
