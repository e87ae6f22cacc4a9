import fs, { constants } from 'node:fs'
import {
  access,
  type FileHandle,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  realpath,
  rename,
  rm,
} from 'node:fs/promises'
import { basename, join } from 'node:path'
import { PassThrough, Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type Docker from 'dockerode'
import { pack } from 'tar-fs'
import type { CopyRequest } from '../../../shared/domain/copy.ts'
import type { FileCopier, ImageProgress } from '../../core/engine-port.ts'
import { isWithin } from '../../core/within.ts'
import { bounded, tooLarge } from './bounded.ts'
import { type Inside, startInside } from './inside-program.ts'
import { findOwnSession } from './own-containers.ts'
import { openPlain } from './plain-files.ts'
import { takeArchive } from './take-archive.ts'

type Told = (progress: ImageProgress) => void
type Request<K extends CopyRequest['kind']> = Extract<CopyRequest, { kind: K }>

export interface CopierOptions {
  /** The engine that is used; null: none answers. */
  readonly client: () => Promise<Docker | null>
  /** Cloche's own data: nothing of it goes in, and nothing comes into it. */
  readonly dataDir: string
}

const MOST_BYTES = 2 * 1024 ** 3
const COPIED = 'What is copied'
const MOST_ENTRIES = 100_000
const LONGEST_WORD = 'folder\n'.length
const TELL_BYTES = 64 * 1024 ** 2

/**
 * Copies by programs of the container. An engine's own way sees nothing of folders in memory, which are all
 * that can be written beside the workspace, and would write past the boundary as root.
 */
export const createFileCopier =
  ({ client, dataDir }: CopierOptions): FileCopier =>
  async (request, told, signal) => {
    const engine = await client()
    const container = engine && (await findOwnSession(engine, request.container))?.container
    if (!container) throw new Error('It is gone, or Cloche did not make it.')
    const inside = { container, user: (await container.inspect()).Config.User }
    const own = await realpath(dataDir)
    return request.kind === 'copy-in'
      ? copyIn(inside, request, own, told, signal)
      : copyOut(inside, request, own, told, signal)
  }

/** Says first what it sends. */
const SEND = `
if [ -f "$1" ]; then printf 'file\\n'; exec cat "$1"; fi
[ -d "$1" ] || { echo "There is no file or folder $1 inside." >&2; exit 3; }
command -v tar >/dev/null 2>&1 || { echo "The image has no tar, which packs a folder: single files can be copied." >&2; exit 3; }
printf 'folder\\n'; cd "$1" && exec tar -cf - .
`

async function copyOut(
  inside: Inside,
  { from, to }: Request<'copy-out'>,
  own: string,
  told: Told,
  signal: AbortSignal,
): Promise<void> {
  const folder = await destination(to, own)
  // One that begins with a dot is obeyed in some places, and seen in none.
  const name = basename(from).replace(/^\.+/, '') || 'copy'
  const target = join(folder, name)
  if (await lstat(target).catch(() => null)) throw new Error(`There is a ${name} in ${to} already.`)
  // Nobody else may write to it until all of it is there.
  const making = await mkdtemp(join(folder, '.cloche-copy-'))
  try {
    const program = await startInside(inside, ['/bin/sh', '-c', SEND, 'cloche', from], signal)
    const { kind, rest } = await firstLine(program.output())
    const body = new PassThrough()
    const sent = pipeline(rest, bounded(MOST_BYTES, COPIED), counter(null, told), body)
    sent.catch(() => undefined)
    const content = join(making, 'content')
    const words = kind === 'folder' ? await takeFolder(body, content) : null
    if (kind === 'file') await takeFile(body, content)
    if (kind === null) body.resume()
    await sent
    const { code, said } = await program.ended()
    // 1: something changed while it was packed.
    const isWhole = code === 0 || (code === 1 && kind === 'folder')
    if (!isWhole || kind === null) throw new Error(said || 'The container did not send it.')
    if (said) told({ line: said })
    if (kind === 'folder') await rename(content, target)
    else await link(content, target)
    told({ line: words ?? 'One file' })
    told({ line: `It is ${target} now. Nothing of it may be run as it is.` })
  } finally {
    await rm(making, { recursive: true, force: true })
  }
}

async function takeFolder(body: Readable, content: string): Promise<string> {
  await mkdir(content)
  const { files, folders, leftOut } = await takeArchive(body, content, MOST_ENTRIES)
  const more = leftOut > 0 ? `; left out, because they are links or no files: ${leftOut}` : ''
  return `Files: ${files}, folders: ${folders}${more}`
}

async function takeFile(body: Readable, content: string): Promise<void> {
  const file = await open(content, 'wx', 0o666)
  try {
    for await (const bytes of body) await file.write(bytes)
  } finally {
    await file.close()
  }
}

/** What it says first, null where that is no word that is known; and what comes after it. */
async function firstLine(output: AsyncGenerator<Buffer>): Promise<{
  readonly kind: 'file' | 'folder' | null
  readonly rest: AsyncGenerator<Buffer>
}> {
  let head = Buffer.alloc(0)
  while (!head.includes('\n') && head.length < LONGEST_WORD) {
    const { done, value } = await output.next()
    if (done) break
    head = Buffer.concat([head, value])
  }
  const end = head.indexOf('\n')
  const word = head.toString('latin1', 0, Math.max(0, end))
  async function* rest(): AsyncGenerator<Buffer> {
    yield head.subarray(end + 1)
    yield* output
  }
  return { kind: word === 'file' || word === 'folder' ? word : null, rest: rest() }
}

/** Where programs of this machine read what they obey, nothing of a container comes. */
async function destination(path: string, own: string): Promise<string> {
  const folder = await realpath(path).catch(() => null)
  const info = folder === null ? null : await lstat(folder)
  if (folder === null || !info?.isDirectory()) throw new Error(`There is no folder ${path}.`)
  if (folder.split('/').some((part) => part.startsWith('.')))
    throw new Error(`${path} is hidden, or in a hidden folder. Choose another one.`)
  if (isWithin(folder, own)) throw new Error(`${path} holds the data of Cloche itself.`)
  await access(folder, constants.W_OK).catch(() => {
    throw new Error(`${path} may not be written to.`)
  })
  return folder
}

/** Says when it takes what is sent: where it does not, nothing is. */
const TAKE = `
into=$1 name=$2 kind=$3
[ -d "$into" ] || { echo "There is no folder $into inside." >&2; exit 3; }
cd "$into" || exit 3
if [ -e "./$name" ] || [ -h "./$name" ]; then echo "There is a $name in $into already." >&2; exit 3; fi
if [ "$kind" = folder ]; then
  command -v tar >/dev/null 2>&1 || { echo "The image has no tar, which unpacks a folder: single files can be copied." >&2; exit 3; }
  mkdir "./$name" || exit 3
  echo ready
  tar -xf - -C "./$name" || exit 4
else
  set -C
  : >"./$name" || exit 3
  echo ready
  cat >>"./$name" || exit 4
fi
`
const FORGET = 'rm -rf "$1/$2"'

async function copyIn(
  inside: Inside,
  { from, to }: Request<'copy-in'>,
  own: string,
  told: Told,
  signal: AbortSignal,
): Promise<void> {
  const path = await realpath(from).catch(() => null)
  if (path === null) throw new Error(`There is no ${from} on this machine.`)
  if (isWithin(path, own) || isWithin(own, path))
    throw new Error(`${from} holds the data of Cloche itself.`)
  const name = basename(path)
  if (name === '') throw new Error('Choose a file or a folder.')
  const source = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const info = await source.stat()
    if (!info.isFile() && !info.isDirectory()) throw new Error(`${from} is no file and no folder.`)
    const [total, kind] = info.isFile() ? [info.size, 'file'] : [null, 'folder']
    if (total !== null && total > MOST_BYTES) throw tooLarge(MOST_BYTES, COPIED)
    const content = total === null ? packed(path, inside.user) : readTo(source, total)
    const words = ['/bin/sh', '-c', TAKE, 'cloche', to, name, kind]
    const program = await startInside(inside, words, signal)
    const output = program.output()
    if ((await output.next()).done) {
      const { said } = await program.ended()
      throw new Error(said || 'The container does not take it.')
    }
    const reading = (async () => {
      for await (const _bytes of output) continue
    })()
    const sending = pipeline(
      content,
      bounded(MOST_BYTES, COPIED),
      counter(total, told),
      program.input,
      { signal },
    )
    const [sent] = await Promise.allSettled([sending, reading])
    const { code, said } = await program.ended()
    if (code !== 0 || sent.status === 'rejected') await forget(inside, to, name)
    if (sent.status === 'rejected') throw said === '' ? sent.reason : new Error(said)
    if (code !== 0) throw new Error(said || 'The container did not take it.')
    told({ line: `It is ${join(to, name)} inside now.` })
  } finally {
    await source.close().catch(() => undefined)
  }
}

/** What of it is there already is no copy. */
async function forget(inside: Inside, to: string, name: string): Promise<void> {
  const words = ['/bin/sh', '-c', FORGET, 'cloche', to, name]
  const program = await startInside(inside, words, AbortSignal.timeout(10_000)).catch(() => null)
  if (!program) return
  program.input.end()
  for await (const _bytes of program.output()) continue
}

const readTo = (file: FileHandle, size: number): Readable =>
  size === 0
    ? Readable.from([])
    : file.createReadStream({ start: 0, end: size - 1, autoClose: false })

/** Links go as links, to wherever that is inside. */
function packed(path: string, user: string): Readable {
  const [uid = 0, gid = 0] = user.split(':').map(Number)
  const archive = pack(path, {
    ...{ fs: { ...fs, createReadStream: openPlain }, strict: false },
    map: (header) => ({ ...header, uid, gid }),
  })
  return Readable.from(archive)
}

/** Tells how far it is; `total` null: it is not known. */
function counter(total: number | null, told: Told): Transform {
  let bytes = 0
  let shown = 0
  return new Transform({
    transform: (part: Buffer, _encoding, done) => {
      bytes += part.length
      if (total !== null) told({ percent: Math.min(100, (100 * bytes) / Math.max(1, total)) })
      else if (bytes - shown >= TELL_BYTES) {
        shown = bytes
        told({ line: `${Math.floor(bytes / 1024 ** 2)} MiB so far` })
      }
      done(null, part)
    },
  })
}
