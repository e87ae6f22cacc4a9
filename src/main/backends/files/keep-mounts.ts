import type { MountKeeper, RestoredMount } from '../../core/mount-port.ts'
import type { Log } from '../../core/ports.ts'
import { startPiped } from '../spawn.ts'
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
  /** Built `mount-keeper` program. It may be missing: then a lost mount is only shown. */
  readonly program: string
  /** Of a process in the sandbox. */
  readonly pid: number
  readonly entries: readonly FileEntry[]
  readonly log: Log
}

/** The caller closes it before the mounts are let go. */
export function keepMounts(
  { program, pid, entries, log }: KeptMounts,
  told: (restored: RestoredMount) => void,
): MountKeeper & { readonly close: () => Promise<void> } {
  const keeper = startPiped(program, [String(pid)])
  const ended = new Promise<void>((resolve) => {
    keeper.on('error', (cause) => {
      log.warn(`lost mounts are not put back: ${cause.message}`)
      resolve()
    })
    keeper.on('close', () => resolve())
  })
  let rest = ''
  keeper.stdout?.setEncoding('utf8').on('data', (part: string) => {
    const words = (rest + part).split('\0')
    rest = words.splice(words.length - 1 - ((words.length - 1) % 2)).join('\0')
    for (let at = 0; at + 1 < words.length; at += 2) {
      const [outcome, path = ''] = [words[at], words[at + 1]]
      if (outcome === 'restored') told({ path, was: 'replaced' })
      else if (outcome === 'covered') told({ path, was: 'socket' })
      else log.warn(`${path} is not covered any more: ${outcome}`)
    }
  })
  // It ended; a lost mount shows as drift.
  keeper.stdin?.on('error', () => undefined)
  const say = (kind: string, path: string): void => {
    keeper.stdin?.write(`${kind}\0${path}\0`)
  }
  for (const { access, path } of entries) say(KINDS[access], path)
  return {
    appeared: (path) => say('socket', path),
    close: async () => {
      keeper.kill('SIGKILL')
      await ended
    },
  }
}
