import { statSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import type { Server } from 'node:net'
import { join } from 'node:path'
import type { Mount, PlanInput } from '../../core/isolation/plan.ts'
import type { SocketFinder } from '../../core/ports.ts'
import { PROXY } from '../bubblewrap-args.ts'
import { type FileEntry, RefusedPath } from '../files/entries.ts'
import type { MachineLayout } from '../layout.ts'
import { privateHome } from '../seatbelt/backend.ts'
import { directShares } from './direct-shares.ts'
import { type Share, sharesOf } from './guest-plan.ts'
import { DIAL_PORT, MOUNTED, type Places } from './qemu-args.ts'

export interface Sharing {
  readonly plan: PlanInput
  readonly layout: MachineLayout
  readonly entries: readonly FileEntry[]
  /** Of this start alone. */
  readonly folder: string
}

export interface GroundShares {
  readonly shares: readonly Share[]
  /** What the sandbox around the machine needs on top of the plan's own. */
  readonly mounts: readonly Mount[]
  /** Small files that the machine gets as copies, by path. Makes what the shares need. */
  files(): Promise<Readonly<Record<string, string>>>
}

/** All that a machine has to know of the sandbox it stands in. */
export interface Ground {
  /** First word of vm-runner.c. */
  readonly runnerWord: string
  /** Of its own: programs that know no proxy have a way out by it, and the machine's ports a way in. */
  readonly hasNetwork: boolean
  /** Why no machine is started by such a plan; null: it may be. */
  refusal(plan: PlanInput): { readonly detail: string; readonly remedy: string } | null
  /** As QEMU has them. */
  places(sources: Places): Places
  shares(sharing: Sharing): GroundShares
  /** The machine's own finder, asked by the ends that the gateway sees. */
  asInside(finder: SocketFinder, gateway: Server): SocketFinder
}

/** The sandbox of Linux: it shows what is planned by mounts, and has a network in which only the gateway is. */
export const MOUNTS_AROUND: Ground = {
  runnerWord: String(DIAL_PORT),
  hasNetwork: true,
  refusal: () => null,
  places: () => MOUNTED,
  shares: ({ plan, layout, entries }) => ({
    shares: sharesOf(plan, layout, entries, isFile),
    mounts: [],
    files: () => Promise.resolve({}),
  }),
  asInside: (finder) => finder,
}

/** A file that comes as a copy goes over a line that takes no more. */
const MOST_COPY_BYTES = 2 ** 20

/**
 * The sandbox of macOS: a profile that shows nothing elsewhere than it is, and the gateway on a port of the
 * loopback. There this computer's own system is none for a machine. BUILT, NOT RUN: we have no Mac.
 */
export const PROFILE_AROUND: Ground = {
  runnerWord: 'proxy',
  hasNetwork: false,
  refusal: ({ image, copy, isReview }) => {
    if (image === null)
      return {
        detail: 'on this computer a machine has no system but that of an image',
        remedy:
          'Choose an image under System. On the page of containers you can pull or build one.',
      }
    if (isReview || copy !== null)
      return {
        detail: 'on this computer a machine cannot work in a copy of the workspace',
        remedy: 'Start in a container, or without reviewing changes.',
      }
    return null
  },
  places: (sources) => sources,
  shares: ({ plan, entries, folder }) => {
    const home = privateHome(plan) ?? join(folder, 'home')
    const { shares, copies, refused } = directShares(plan, entries, home, isFile)
    return {
      shares,
      mounts: [{ source: home, target: home, access: 'write' }],
      files: async () => {
        if (refused !== null)
          throw new RefusedPath(
            refused,
            'A machine on this computer gets single files only to read.',
          )
        await mkdir(home, { recursive: true, mode: 0o700 })
        return Object.fromEntries(
          await Promise.all(
            copies.map(async ({ path, source }) => {
              const content = await readFile(source, 'utf8')
              if (content.length > MOST_COPY_BYTES)
                throw new RefusedPath(source, 'It is too large to be given to a machine as a copy.')
              return [path, content] as const
            }),
          ),
        )
      },
    }
  },
  asInside: (finder, gateway) => {
    const address = gateway.address()
    const outside = typeof address === 'object' ? (address?.port ?? 0) : 0
    const swapped = (port: number, from: number, to: number): number => (port === from ? to : port)
    return {
      onHeld: (look) =>
        finder.onHeld((ends, inode) =>
          look({ ...ends, otherPort: swapped(ends.otherPort, PROXY.port, outside) }, inode),
        ),
      inodes: (all) =>
        finder.inodes(
          all.map((ends) => ({
            ...ends,
            otherPort: swapped(ends.otherPort, outside, PROXY.port),
          })),
        ),
      close: () => finder.close(),
    }
  },
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
