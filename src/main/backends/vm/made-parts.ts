import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type Docker from 'dockerode'
import type { ImageProgress } from '../../core/engine-port.ts'
import { MACHINE_PARTS } from '../../core/image-jobs.ts'
import { bounded } from '../containers/bounded.ts'
import { type Build, buildImage, type PartsMaker, proxiesIn } from '../containers/make-image.ts'
import { removeContainer } from '../containers/owner.ts'
import { showImage } from '../containers/show-image.ts'
import { takeArchive } from '../containers/take-archive.ts'
import {
  findGuestKernel,
  GUEST_MODULES,
  guestProgramsIn,
  type GuestSource,
} from './guest-system.ts'
import { type Processor, PROCESSORS } from './processors.ts'

/**
 * Kernel and programs for the inside of machines, made in a container of the engine: for a computer that is
 * no Linux. Kept for the very sources they were made of.
 */
export interface MadeParts extends PartsMaker {
  find(): Promise<GuestSource | { readonly why: string }>
}

export interface MadePartsOptions {
  /** This host's alone. */
  readonly folder: string
  /** Of the sources of the programs. */
  readonly native: string
  /** Of the recipe. */
  readonly resources: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** null: this computer's is none that machines are made for. */
  readonly processor: Processor | null
  /** A Debian with what the recipe would install; for engines without a network. */
  readonly base?: string
}

const RECIPE = ['machine.Dockerfile', 'make-machine-parts.sh']
const INSIDE = '/parts'
const UNFINISHED = 'making-parts-'
const KEPT = /^parts-[0-9a-f]{16}$/
const MOST_BYTES = 256 * 2 ** 20
const MOST_ENTRIES = 2000
const PROGRAMS = Object.values(guestProgramsIn('')).map((path) => basename(path))

export function createMadeParts(options: MadePartsOptions): MadeParts {
  const { folder, processor } = options
  return {
    find: async () => {
      const root = await placeOf(options)
      const kernel = await findGuestKernel(root)
      if ('why' in kernel) return { why: 'what machines start with was not made yet' }
      return { kernel, programs: guestProgramsIn(join(root, 'programs')), probe: null }
    },
    make: async (client, told, signal) => {
      if (processor === null) throw new Error('Machines are not made for this processor.')
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const target = await placeOf(options)
      // What a host that was killed left.
      for (const name of await readdir(folder))
        if (name.startsWith(UNFINISHED)) await rm(join(folder, name), { recursive: true })
      const making = await mkdtemp(join(folder, UNFINISHED))
      try {
        const image = await build(client, options, processor, making, told, signal)
        const parts = join(making, 'parts')
        await mkdir(parts)
        await takeParts(client, image, parts)
        const kernel = await findGuestKernel(parts)
        if ('why' in kernel) throw new Error(`Its kernel cannot be used: ${kernel.why}.`)
        // Complete or not there at all, and none of other sources.
        for (const name of await readdir(folder))
          if (KEPT.test(name)) await rm(join(folder, name), { recursive: true })
        await rename(parts, target)
        told({ line: `Machines start with the kernel ${kernel.version}.` })
        await client.getImage(MACHINE_PARTS).remove()
      } finally {
        await rm(making, { recursive: true, force: true })
      }
    },
  }
}

/** By what they are made of: other sources have another place. */
async function placeOf({ folder, native, resources }: MadePartsOptions): Promise<string> {
  const digest = createHash('sha256').update([...GUEST_MODULES, ...PROGRAMS].join('\n'))
  for (const path of await sourcesOf(native, resources))
    digest.update(`\0${basename(path)}\0`).update(await readFile(path))
  return join(folder, `parts-${digest.digest('hex').slice(0, 16)}`)
}

const sourcesOf = async (native: string, resources: string): Promise<string[]> => [
  ...(await readdir(native)).sort().map((name) => join(native, name)),
  ...RECIPE.map((name) => join(resources, name)),
]

/** The image's id. Rejects with the engine's words. */
async function build(
  client: Docker,
  { native, resources, env, base }: MadePartsOptions,
  processor: Processor,
  making: string,
  told: (progress: ImageProgress) => void,
  signal: AbortSignal,
): Promise<string> {
  const context = join(making, 'context')
  await mkdir(context)
  for (const path of await sourcesOf(native, resources))
    await copyFile(path, join(context, basename(path)))
  const asked: Build = {
    ...{ folder: context, dockerfile: 'machine.Dockerfile', name: MACHINE_PARTS },
    ...{ kind: 'parts', network: base === undefined ? 'default' : 'none' },
    args: {
      ...proxiesIn(env),
      ...{ MODULES: GUEST_MODULES.join(' '), PROGRAMS: PROGRAMS.join(' ') },
      ...(base === undefined ? {} : { BASE: base }),
    },
  }
  await buildImage(client, asked, told, signal)
  const { Id, Architecture } = await client.getImage(MACHINE_PARTS).inspect()
  const { engineName } = PROCESSORS[processor]
  if (Architecture !== engineName)
    throw new Error(
      `The engine made it for ${Architecture} processors; the machine’s is ${engineName}.`,
    )
  return Id
}

/** Through a container that is never started. What comes is no program of this computer's, and is not trusted. */
async function takeParts(client: Docker, image: string, folder: string): Promise<void> {
  const shown = await showImage(client, image)
  try {
    await pipeline(
      Readable.from(await shown.getArchive({ path: `${INSIDE}/.` })),
      bounded(MOST_BYTES, 'What machines start with'),
      (bytes: AsyncIterable<Buffer>) => takeArchive(bytes, folder, MOST_ENTRIES),
    )
  } finally {
    await removeContainer(shown)
  }
}
