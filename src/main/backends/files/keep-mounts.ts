import type { MountKeeper, RestoredMount } from '../../core/mount-port.ts'
import type { Log } from '../../core/ports.ts'
import type { ProgramStarter } from '../program-starter.ts'
import type { FileEntry } from './entries.ts'

/** What native/mount-keeper.c calls each of them. */
const KINDS: Readonly<Record<FileEntry['access'], string>> = {
  mask: 'mask',
  deny: 'deny',
  read: 'read',
  write: 'keep',
  pin: 'keep',
}

export interface KeptMounts {
  readonly starter: ProgramStarter
  /** Built `mount-keeper` program. It may be missing: then a lost mount is only shown. */
  readonly program: string
  /** Of a process in the sandbox. */
  readonly pid: number
  readonly entries: readonly FileEntry[]
  readonly log: Log
}

/** The caller closes it before the mounts are let go. */
export function keepMounts(
  { starter, program, pid, entries, log }: KeptMounts,
  told: (restored: RestoredMount) => void,
): MountKeeper & { readonly close: () => Promise<void> } {
  let rest = ''
  const hear = (part: string): void => {
    const words = (rest + part).split('\0')
    rest = words.splice(words.length - 1 - ((words.length - 1) % 2)).join('\0')
    for (let at = 0; at + 1 < words.length; at += 2) {
      const [outcome, path = ''] = [words[at], words[at + 1]]
      if (outcome === 'restored') told({ path, was: 'replaced' })
      else if (outcome === 'covered') told({ path, was: 'socket' })
      else log.warn(`${path} is not covered any more: ${outcome}`)
    }
  }
  const keeper = starter.piped(program, [String(pid)]).then((started) => {
    started.stdout?.setEncoding('utf8').on('data', hear)
    void started.ended.then((why) => {
      // A lost mount shows as drift.
      if (why !== null) log.warn(`lost mounts are not put back: ${why}`)
    })
    return started
  })
  const say = (kind: string, path: string): void =>
    void keeper.then(({ stdin }) => stdin?.write(`${kind}\0${path}\0`))
  for (const { access, path } of entries) say(KINDS[access], path)
  return {
    appeared: (path) => say('socket', path),
    close: async () => {
      const { kill, ended } = await keeper
      kill()
      await ended
    },
  }
}
