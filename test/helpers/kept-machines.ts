import { link, mkdir, readdir, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/** What machines are made of here; made once, and kept for all suites of this user. */
export const KEPT_MACHINES = join(tmpdir(), `cloche-test-machines-${userInfo().uid}`)

const partsIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(() => [])).filter((name) => /^(kernel|initramfs)-[^.]+$/.test(name))

async function linkAll(names: readonly string[], from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 })
  // One that is there already, or is gone meanwhile, is another suite's.
  for (const name of names) await link(join(from, name), join(to, name)).catch(() => undefined)
}

/** To begin with; what is of other programs than these is not used. */
export const giveMachines = async (folder: string): Promise<void> =>
  linkAll(await partsIn(KEPT_MACHINES), KEPT_MACHINES, folder)

/** What was made anew, for the next one. */
export async function keepMachines(folder: string): Promise<void> {
  const [made, kept] = await Promise.all([partsIn(folder), partsIn(KEPT_MACHINES)])
  if (made.every((name) => kept.includes(name))) return
  for (const name of kept) await rm(join(KEPT_MACHINES, name), { force: true })
  await linkAll(made, folder, KEPT_MACHINES)
}
