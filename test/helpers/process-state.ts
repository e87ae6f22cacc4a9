import { readFile } from 'node:fs/promises'
import type { SessionId } from '../../src/shared/domain/ids.ts'
import type { ProcessNode } from '../../src/shared/domain/process.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'

/** As this machine's kernel has it: one letter; null: there is no such process. */
export const stateOf = async (pid: number): Promise<string | null> => {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  return /\) (.)/.exec(text)?.[1] ?? null
}
/** Stopped by a signal, or in a group that the kernel holds. */
export const isHeld = async (pid: number): Promise<boolean> => {
  if ((await stateOf(pid)) === 'T') return true
  const [mounts, groups] = await Promise.all(
    ['/proc/self/mounts', `/proc/${pid}/cgroup`].map((path) => readFile(path, 'utf8')),
  )
  // An engine's group may be of version 1.
  const freezer = / (\S+) cgroup \S*\bfreezer\b/.exec(mounts ?? '')?.[1]
  const own = /^\d+:freezer:(.*)$/m.exec(groups ?? '')?.[1]
  const state = await readFile(`${freezer}${own}/freezer.state`, 'utf8').catch(() => '')
  if (state.trim() === 'FROZEN') return true
  const point = / (\S+) cgroup2 /.exec(mounts ?? '')?.[1]
  const path = /^0::(.*)$/m.exec(groups ?? '')?.[1]
  const events = await readFile(`${point}${path}/cgroup.events`, 'utf8').catch(() => '')
  return /^frozen 1$/m.test(events)
}

export const statesHere = ({ pid }: ProcessNode): Promise<string | null> => stateOf(pid)

/** A machine's processes are none of this kernel's: as its own has it. */
export function guestStates({ api }: Connection, session: SessionId) {
  return async ({ key }: ProcessNode): Promise<string | null> => {
    const details = await api.process.details({ session, key })
    return details.type === 'found' ? details.inspection.state : null
  }
}
