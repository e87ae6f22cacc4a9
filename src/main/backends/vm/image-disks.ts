import {
  chmod,
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rename,
  rm,
  stat,
  utimes,
} from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import type Docker from 'dockerode'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { ImageProgress } from '../../core/engine-port.ts'
import { exportImage } from '../containers/export-image.ts'
import type { DiskMaker, KeptDisks } from '../containers/make-image.ts'
import { findBubblewrap } from '../diagnose-bubblewrap.ts'
import { readLayout } from '../layout.ts'
import { runFed } from '../spawn.ts'
import { diskCommand, diskCommandOnMac, findDiskTool } from './disk-tool.ts'

/** Images as read-only disks for machines, made once for each and kept in a folder of ours. */
export interface ImageDisks extends DiskMaker, KeptDisks {
  /** By the image's id; null: there is none yet. It counts as used now, and until it is let go. */
  take(id: string): Promise<DiskInUse | null>
}

export interface DiskInUse {
  readonly path: string
  /** Further calls do nothing. */
  letGo(): void
}

const GIB = 2 ** 30
/** Files of one image, unpacked. */
const MOST_FILES_BYTES = 32 * GIB
/** All disks that are kept, of which the one used last stays whatever its size. */
const MOST_KEPT_BYTES = 20 * GIB
/** What was used so lately may be about to be started with. */
const FRESH_MS = 10 * 60_000

export interface ImageDisksOptions {
  readonly folder: string
  /** For tests. */
  readonly mostFilesBytes?: number
  readonly mostKeptBytes?: number
  readonly freshMs?: number
  readonly toolPaths?: readonly string[]
}

/** `folder` is this host's alone; it is made when it is needed. */
export function createImageDisks(options: ImageDisksOptions): ImageDisks {
  const { folder } = options
  /** Names, once for each that has it. */
  const inUse: string[] = []
  const letGo = (name: string): void => {
    const at = inUse.indexOf(name)
    if (at !== -1) inUse.splice(at, 1)
  }
  const take = async (id: string): Promise<DiskInUse | null> => {
    const name = diskName(id)
    if (name === null) return null
    // Before anything is waited for: from here on nobody removes it.
    inUse.push(name)
    let isHeld = true
    const release = (): void => {
      if (isHeld) letGo(name)
      isHeld = false
    }
    try {
      if (!(await isDisk(join(folder, name)))) return (release(), null)
      const now = new Date()
      await utimes(join(folder, name), now, now)
      return { path: join(folder, name), letGo: release }
    } catch (cause) {
      release()
      throw cause
    }
  }
  const make = async (
    client: Docker,
    name: string,
    told: (progress: ImageProgress) => void,
    signal: AbortSignal,
  ): Promise<void> => {
    const image = await client.getImage(name).inspect()
    const disk = diskName(image.Id)
    if (disk === null)
      throw new Error(`The engine calls ${name} by an id that is none: ${image.Id}`)
    if (await isDisk(join(folder, disk))) return told({ line: 'It is there already.' })
    const command = await commandFor(options)
    if (!command.ok) throw new Error(command.error)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await removeUnfinished(folder)
    const making = await mkdtemp(join(folder, UNFINISHED))
    try {
      told({ line: `The files of ${name} become a disk.` })
      await exportImage(client, image.Id, async (files) => {
        const counted = [files, counter(image.Size, told, options)] as const
        const done = await runFed(command.value(making), counted, signal)
        if (done.code !== 0) throw new Error(`sqfstar: ${lastLine(done.stderr)}`)
      })
      if (!(await isDisk(join(making, 'disk')))) throw new Error('sqfstar wrote no disk.')
      await chmod(join(making, 'disk'), 0o600)
      // Complete or not there at all.
      await rename(join(making, 'disk'), join(folder, disk))
    } finally {
      await rm(making, { recursive: true, force: true })
    }
    await prune([disk, ...inUse], options)
  }
  // One at a time: two of one image would be the same, and each uses all processors.
  let last: Promise<unknown> = Promise.resolve()
  return {
    take,
    kept: async () =>
      (await listDisks(folder))
        .filter(({ name }) => diskName(digestOf(name)) !== null && !inUse.includes(name))
        .map(({ name, size, mtimeMs }) => ({
          ...{ digest: digestOf(name), sizeBytes: size, usedAtMs: mtimeMs },
        })),
    remove: async (digest) => {
      const name = diskName(digest)
      if (name === null || inUse.includes(name)) return false
      return rm(join(folder, name)).then(
        () => true,
        () => false,
      )
    },
    make: (...asked) => {
      const made = last.then(
        () => make(...asked),
        () => make(...asked),
      )
      last = made
      return made
    },
  }
}

const UNFINISHED = 'unfinished-'
const SUFFIX = '.squashfs'

/** Pure: engines differ in whether they say what the digest is by; null: it is no id. */
export function diskName(id: string): string | null {
  const digest = /^(?:sha256:)?([0-9a-f]{64})$/.exec(id)?.[1]
  return digest === undefined ? null : `${digest}${SUFFIX}`
}

/** What a host that was killed left; this one makes one at a time. */
async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith(UNFINISHED)) await rm(join(folder, name), { recursive: true, force: true })
}

/** Its superblock is written last. */
const MAGIC = Buffer.from('hsqs')

async function isDisk(path: string): Promise<boolean> {
  let file: FileHandle | null = null
  try {
    file = await open(path, 'r')
    const head = Buffer.alloc(MAGIC.length)
    await file.read(head, 0, head.length, 0)
    return head.equals(MAGIC)
  } catch {
    return false
  } finally {
    await file?.close()
  }
}

/** By a folder for the disk: the command, in a sandbox with that folder and nothing else of this machine's. */
async function commandFor({
  toolPaths,
}: ImageDisksOptions): Promise<Result<(making: string) => readonly string[], string>> {
  const tool = await findDiskTool(toolPaths)
  if (tool === null)
    return err(
      'sqfstar is not installed: it comes with squashfs-tools, or with squashfs of Homebrew.',
    )
  if (process.platform === 'darwin') return ok((making) => diskCommandOnMac(tool, making))
  const [bubblewrap, layout] = await Promise.all([findBubblewrap(), readLayout()])
  if (!bubblewrap.ok) return err(bubblewrap.error)
  return ok((making) => [bubblewrap.value, ...diskCommand(tool, layout, making)])
}

/** Tells how far it is, and ends what is larger than any image should be. */
function counter(
  size: number,
  told: (progress: ImageProgress) => void,
  { mostFilesBytes = MOST_FILES_BYTES }: ImageDisksOptions,
): Transform {
  let count = 0
  let percent = -1
  return new Transform({
    transform: (part: Buffer, _encoding, done) => {
      count += part.length
      if (count > mostFilesBytes)
        return done(new Error(`Its files are more than ${Math.floor(mostFilesBytes / GIB)} GiB.`))
      // What the engine calls its size leaves out what a tar adds.
      const now = Math.min(99, Math.floor((100 * count) / Math.max(size, 1)))
      if (now !== percent) told({ percent: now })
      percent = now
      done(null, part)
    },
  })
}

const lastLine = (text: string): string =>
  text.trim().split('\n').at(-1)?.slice(0, 300) || 'it ended without a word'

/** Those used longest ago go until the rest fits. */
async function prune(
  needed: readonly string[],
  { folder, mostKeptBytes = MOST_KEPT_BYTES, freshMs = FRESH_MS }: ImageDisksOptions,
): Promise<void> {
  let total = 0
  for (const { name, size, mtimeMs } of await listDisks(folder)) {
    total += size
    const isFresh = needed.includes(name) || Date.now() - mtimeMs < freshMs
    if (total <= mostKeptBytes || isFresh) continue
    await rm(join(folder, name), { force: true })
    total -= size
  }
}

/** The one used last comes first. */
async function listDisks(
  folder: string,
): Promise<{ readonly name: string; readonly size: number; readonly mtimeMs: number }[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(SUFFIX))
  const found = names.map((name) =>
    stat(join(folder, name)).then(
      ({ size, mtimeMs }) => ({ name, size, mtimeMs }),
      () => null,
    ),
  )
  const disks = (await Promise.all(found)).filter((disk) => disk !== null)
  return disks.sort((a, b) => b.mtimeMs - a.mtimeMs)
}

const digestOf = (name: string): string => name.slice(0, -SUFFIX.length)
