import { createHash } from 'node:crypto'
import { constants, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { exists } from '../exists.ts'
import { run } from '../spawn.ts'
import { cpioArchive } from './cpio.ts'

/** A kernel of a distribution that a virtual machine can start with. */
export interface GuestKernelFiles {
  readonly version: string
  /** How it was built; it may be missing. */
  readonly config: string
  /** As the distribution has it, compressed. */
  readonly image: string
  /** Files of modules in the order they are loaded. */
  readonly modules: readonly string[]
  /** Further ones for a root from an image. */
  readonly diskModules: readonly string[]
  /** What it lacks for that; null: nothing. */
  readonly lacksForImages: string | null
}

/** Without one of these there is no machine; a kernel may have it built in. */
const NEEDED = ['virtio_pci', 'virtio_console', '9pnet_virtio', '9p']
/** Whoever lacks one of these lacks what it is for: see the probe's report. */
const WANTED = [
  ...['virtio_rng', 'virtio_balloon', 'inet_diag', 'tcp_diag'],
  // The tables of rules count on it without saying so.
  'crc32c_generic',
  ...['nf_tables', 'nft_tproxy', 'nft_queue', 'nfnetlink_queue'],
]

/** All of them for a root from an image, and none for any other. */
const FOR_IMAGES = ['virtio_blk', 'squashfs', 'overlay']

/** As modules.dep calls them. */
export const GUEST_MODULES: readonly string[] = [...NEEDED, ...WANTED, ...FOR_IMAGES]

/**
 * The newest below `root`, as a distribution puts them there, that can be read and has what is needed, or
 * why none can be used.
 */
export async function findGuestKernel(
  root = '/',
): Promise<GuestKernelFiles | { readonly why: string }> {
  const all = join(root, 'lib/modules')
  const versions = (await readdir(all).catch(() => [])).sort(byVersion).reverse()
  const reasons: string[] = []
  for (const version of versions) {
    const image = await firstReadable([
      join(root, `boot/vmlinuz-${version}`),
      join(all, version, 'vmlinuz'),
    ])
    const config = join(root, `boot/config-${version}`)
    const modules = await modulesOf(join(all, version), config)
    if ('missing' in modules) reasons.push(`${version} lacks ${modules.missing}`)
    else if (image === null) reasons.push(`the image of ${version} cannot be read`)
    else return { version, config, image, ...modules }
  }
  return { why: reasons.join('; ') || 'no kernel is installed' }
}

const byVersion = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })

async function firstReadable(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) if (await exists(path, constants.R_OK)) return path
  return null
}

/** From modules.dep: `path.ko: what it needs, the first thing last`. */
async function modulesOf(
  folder: string,
  configPath: string,
): Promise<
  | Pick<GuestKernelFiles, 'modules' | 'diskModules' | 'lacksForImages'>
  | { readonly missing: string }
> {
  const read = (name: string): Promise<string> =>
    readFile(join(folder, name), 'utf8').catch(() => '')
  const [dependencies, builtin] = await Promise.all([read('modules.dep'), read('modules.builtin')])
  const lines = new Map(
    dependencies.split('\n').map((line) => {
      const [path = '', needs = ''] = line.split(':')
      return [nameOf(path), [path, ...needs.trim().split(' ').filter(Boolean)].reverse()]
    }),
  )
  const inKernel = new Set(builtin.split('\n').map(nameOf))
  const has = (name: string): boolean => lines.has(name) || inKernel.has(name)
  const missing = NEEDED.find((name) => !has(name))
  if (missing !== undefined) return { missing }
  const filesOf = (names: readonly string[]): string[] =>
    [...new Set(names.flatMap((name) => lines.get(name) ?? []))].map((path) => join(folder, path))
  const modules = filesOf([...NEEDED, ...WANTED])
  const config = await configOf(configPath)
  const hasFormat = config === null || config.includes('CONFIG_SQUASHFS_LZ4=y')
  return {
    modules,
    diskModules: filesOf(FOR_IMAGES).filter((path) => !modules.includes(path)),
    lacksForImages:
      FOR_IMAGES.find((name) => !has(name)) ?? (hasFormat ? null : 'lz4 for squashfs'),
  }
}

/** null: it cannot be read. */
const configOf = (path: string): Promise<string | null> =>
  readFile(path, 'latin1').catch(() => null)

const nameOf = (path: string): string =>
  /([^/]+)\.ko(\.\w+)?$/.exec(path)?.[1]?.replaceAll('-', '_') ?? ''

/** Programs of ours for the inside of a machine. */
export interface GuestPrograms {
  readonly init: string
  readonly events: string
  readonly network: string
  readonly owners: string
  readonly observer: string
}

/** As they are called in a folder of built programs. */
export const guestProgramsIn = (folder: string): GuestPrograms => ({
  init: join(folder, 'vm-init'),
  events: join(folder, 'process-events'),
  network: join(folder, 'sandbox-network'),
  owners: join(folder, 'socket-owners'),
  observer: join(folder, 'guest-observer'),
})

/** What the inside of a machine is made of. */
export interface GuestSource {
  readonly kernel: GuestKernelFiles
  readonly programs: GuestPrograms
  /** native/probe.c, for a root with libraries of the computer it was built on; null: a shell does the same. */
  readonly probe: string | null
}

export interface GuestSystem {
  /** For QEMU. */
  readonly kernel: string
  readonly initramfs: string
}

/**
 * What a machine starts with, made once for these very files and kept in `folder`. Rejects when a part
 * is missing or a module cannot be unpacked.
 */
export async function prepareGuestSystem(
  { kernel: files, programs, probe }: GuestSource,
  filter: Uint8Array,
  folder: string,
): Promise<GuestSystem> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const sources = [
    ...[files.image, ...files.modules, ...files.diskModules],
    ...Object.values(programs),
    ...(probe === null ? [] : [probe]),
  ]
  const marks = await Promise.all(
    sources.map(async (path) => {
      const { size, mtimeMs } = await stat(path)
      return `${path} ${size} ${mtimeMs}`
    }),
  )
  const digest = createHash('sha256')
    .update(marks.join('\n'))
    .update(filter)
    .digest('hex')
    .slice(0, 16)
  const system = {
    kernel: join(folder, `kernel-${digest}`),
    initramfs: join(folder, `initramfs-${digest}`),
  }
  const kept = await Promise.all(
    Object.values(system).map((path: string) => exists(path, constants.R_OK)),
  )
  if (kept.every(Boolean)) return system
  for (const name of await readdir(folder))
    if (/^(kernel|initramfs)-/.test(name)) await rm(join(folder, name), { force: true })
  await writeWhole(
    system.initramfs,
    await initramfsOf({ kernel: files, programs, probe }, filter, folder),
  )
  await writeWhole(system.kernel, await bareKernel(files.image, folder))
  return system
}

/** Complete or not there at all. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${process.pid}`
  await writeFile(part, bytes, { mode: 0o600 })
  await rename(part, path)
}

async function initramfsOf(
  { kernel: files, programs, probe }: GuestSource,
  filter: Uint8Array,
  folder: string,
): Promise<Uint8Array> {
  const config = await configOf(files.config)
  const mayBeUnsigned = config !== null && !config.includes('CONFIG_MODULE_SIG_FORCE=y')
  const modules = await Promise.all(
    [...files.modules, ...files.diskModules].map(async (path) => ({
      name: `${nameOf(path)}.ko`,
      bytes: (mayBeUnsigned ? withoutSignature : same)(
        await unpacked(path, await readFile(path), folder),
      ),
    })),
  )
  return cpioArchive([
    { name: 'init', mode: 0o755, bytes: await readFile(programs.init) },
    { name: 'events', mode: 0o755, bytes: await readFile(programs.events) },
    { name: 'network', mode: 0o755, bytes: await readFile(programs.network) },
    { name: 'owners', mode: 0o755, bytes: await readFile(programs.owners) },
    { name: 'observer', mode: 0o755, bytes: await readFile(programs.observer) },
    ...(probe === null ? [] : [{ name: 'probe', mode: 0o755, bytes: await readFile(probe) }]),
    { name: 'filter', mode: 0o644, bytes: filter },
    { name: 'modules', mode: 0o644, bytes: listOf(files.modules) },
    { name: 'disk-modules', mode: 0o644, bytes: listOf(files.diskModules) },
    ...modules.map((module) => ({ ...module, mode: 0o644 })),
  ])
}

const listOf = (modules: readonly string[]): Uint8Array =>
  Buffer.from(modules.map((path) => `/${nameOf(path)}.ko\n`).join(''))

const SIGNED = Buffer.from('~Module signature appended~\n')
/** Between a signature and that mark; its last four bytes are the signature's length. */
const SIGNATURE_INFO_BYTES = 12

const same = (module: Buffer): Buffer => module

/** To check one takes an emulated processor as long as all else of loading it. */
function withoutSignature(module: Buffer): Buffer {
  const end = module.length - SIGNED.length
  if (end < SIGNATURE_INFO_BYTES || !module.subarray(end).equals(SIGNED)) return module
  return module.subarray(0, end - SIGNATURE_INFO_BYTES - module.readUInt32BE(end - 4))
}

/** By how they begin; what is not known is left as it is. */
const PACKERS: readonly (readonly [string, readonly string[] | null])[] = [
  ['1f8b', null],
  ['fd377a585a00', ['xz', '-dc', '--single-stream']],
  ['28b52ffd', ['zstd', '-dcq']],
]

async function unpacked(name: string, bytes: Buffer, folder: string): Promise<Buffer> {
  const found = PACKERS.find(([magic]) => bytes.subarray(0, 6).toString('hex').startsWith(magic))
  if (!found) return bytes
  const [, tool] = found
  if (tool === null) return gunzipSync(bytes)
  // Several are unpacked at one time.
  const mark = createHash('sha256').update(name).digest('hex').slice(0, 16)
  const packed = join(folder, `packed-${mark}`)
  const plain = join(folder, `plain-${mark}`)
  try {
    await writeFile(packed, bytes, { mode: 0o600 })
    const script = 'out=$1 in=$2; shift 2; "$@" <"$in" >"$out"'
    const done = await run('/bin/sh', ['-c', script, 'sh', plain, packed, ...tool], {
      timeoutMs: 60_000,
    })
    const { size } = await stat(plain)
    // zstd minds the four bytes that follow a kernel, after it has given all of it.
    if (size === 0)
      throw new Error(`${name}: ${done.stderr.trim() || `${tool[0]} is needed to unpack it`}`)
    return await readFile(plain)
  } finally {
    await Promise.all([rm(packed, { force: true }), rm(plain, { force: true })])
  }
}

/** Where the header of a Linux image for x86 says what lies where. */
const HEADER = { magic: 0x202, sectors: 0x1f1, offset: 0x248, length: 0x24c } as const
const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46])

/**
 * The kernel without its own unpacking, which takes seconds where a processor is emulated. An image of
 * another form is used as it is.
 */
async function bareKernel(path: string, folder: string): Promise<Buffer> {
  const image = await readFile(path)
  if (image.length < 4096 || image.toString('latin1', HEADER.magic, HEADER.magic + 4) !== 'HdrS')
    return image
  const start = ((image[HEADER.sectors] || 4) + 1) * 512 + image.readUInt32LE(HEADER.offset)
  const payload = image.subarray(start, start + image.readUInt32LE(HEADER.length))
  const kernel = await unpacked(path, payload, folder).catch(() => null)
  return kernel?.subarray(0, 4).equals(ELF) ? kernel : image
}
