import fs, { constants } from 'node:fs'
import { access, readFile, realpath, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { createGzip } from 'node:zlib'
import ignore from '@balena/dockerignore'
import type Docker from 'dockerode'
import { pack } from 'tar-fs'
import type { ImageRequest } from '../../../shared/domain/engine.ts'
import type { DevContainers } from '../../core/dev-container-port.ts'
import type { ImageMaker, ImageProgress } from '../../core/engine-port.ts'
import { AGENT_IMAGE } from '../../core/image-jobs.ts'
import { isWithin } from '../../core/within.ts'
import { looksSecret } from '../../core/secret-names.ts'
import { run, runTelling } from '../spawn.ts'
import { type Variables } from './engines.ts'
import { hasImage } from './has-image.ts'
import { followEngine } from './image-progress.ts'
import { buildWithFeatures } from './dev-features.ts'
import { forgetImage } from './kept-home.ts'
import { LABEL } from './labels.ts'
import { openPlain } from './plain-files.ts'
import { signInFor } from './registry-sign-in.ts'

export interface ImageMakerOptions {
  readonly env: Variables
  /** Folder of `agent.Dockerfile`. */
  readonly resources: string
  /** The engine that is used; null: none answers. */
  readonly client: () => Promise<Docker | null>
  readonly devContainers: Pick<DevContainers, 'use'>
  readonly disks: DiskMaker & KeptDisks
  readonly machineParts: PartsMaker
}

/** Makes what machines start with, again where they are there. Rejects with a sentence. */
export interface PartsMaker {
  make(client: Docker, told: Told, signal: AbortSignal): Promise<void>
}

/** Makes the disk of an image, by its name; nothing where there is one. Rejects with a sentence. */
export interface DiskMaker {
  make(client: Docker, name: string, told: Told, signal: AbortSignal): Promise<void>
}

/** A disk that is kept and that no machine has. */
export interface KeptDisk {
  /** Of its image, as the engine has it without what the digest is by. */
  readonly digest: string
  readonly sizeBytes: number
  readonly usedAtMs: number
}

export interface KeptDisks {
  /** Those that no machine has now. */
  kept(): Promise<KeptDisk[]>
  /** One that a machine has, or that is gone, stays as it is: false. */
  remove(digest: string): Promise<boolean>
}

type Told = (progress: ImageProgress) => void
type Request<K extends ImageRequest['kind']> = Extract<ImageRequest, { kind: K }>

const ASK_TOOL_MS = 4000
const READ_TAR_MS = 10 * 60_000

/** Gets and makes images with the engine, which is asked by the person and is outside of every boundary. */
export const createImageMaker =
  (options: ImageMakerOptions): ImageMaker =>
  async (request, told, signal) => {
    const client = await options.client()
    if (!client) throw new Error('No container engine answers. Doctor says what is missing.')
    switch (request.kind) {
      case 'pull':
        return pull(client, request, options, told, signal)
      case 'build':
        return buildImage(client, await contextOf(request), told, signal)
      case 'agents':
        return buildImage(client, await agentsOf(options), told, signal)
      case 'machine':
        return options.machineParts.make(client, told, signal)
      case 'dev':
        return makeDev(client, request, options, told, signal)
      case 'import':
        return importFile(client, request, told, signal)
      case 'disk':
        return options.disks.make(client, request.name, told, signal)
    }
  }

async function pull(
  client: Docker,
  { name }: Request<'pull'>,
  { env }: ImageMakerOptions,
  told: Told,
  abortSignal: AbortSignal,
): Promise<void> {
  const authconfig = await signInFor(name, env)
  // Without a tag an engine would get every one there is.
  const wanted = /[:@][^/]*$/.test(name) ? name : `${name}:latest`
  told({ line: authconfig ? `Signed in to ${authconfig.serveraddress}` : 'Not signed in anywhere' })
  await followEngine(
    await client.pull(wanted, { abortSignal, ...(authconfig ? { authconfig } : {}) }),
    told,
  )
}

/** The image of a dev container: got, built, or built with features by the tool that knows them. */
async function makeDev(
  client: Docker,
  { folder, choice, name, initializes }: Request<'dev'>,
  options: ImageMakerOptions,
  told: Told,
  signal: AbortSignal,
): Promise<void> {
  const used = await options.devContainers.use(folder, choice)
  if (!used.ok) throw new Error(used.error)
  const { source, features, image, setUp, initialize } = used.value
  if (image !== name) throw new Error(`It makes ${image} and not ${name}. Look at it again.`)
  if (initializes && initialize) {
    told({ line: `On this machine: ${initialize.join(' ')}` })
    const tell = (line: string): void => told({ line })
    await runTelling(initialize, { cwd: folder, env: options.env, tell, signal })
  }
  if (Object.keys(features).length > 0)
    await buildWithFeatures({ folder, path: choice.path, ...used.value }, options.env, told, signal)
  else if (source.kind === 'build')
    await buildImage(
      client,
      {
        ...{ folder: source.context, dockerfile: source.dockerfile, name: image },
        ...{ kind: 'workspace', network: 'default', args: source.args, target: source.target },
      },
      told,
      signal,
    )
  else if (await hasImage(client, image)) told({ line: 'The engine has it already.' })
  else await pull(client, { kind: 'pull', name: source.image }, options, told, signal)
  // It was made of another image than this one may be.
  if (setUp && (await forgetImage(client, setUp.image)))
    told({ line: 'What was set up before is gone: its create commands run again.' })
}

export interface Build {
  readonly folder: string
  readonly dockerfile: string
  readonly name: string
  readonly network: 'none' | 'default'
  readonly kind: 'agents' | 'workspace' | 'parts'
  readonly args: Readonly<Record<string, string>>
  /** A stage to end with; absent: the last. */
  readonly target?: string | null
}

/** A Dockerfile that is really in that folder. */
async function contextOf({ folder, dockerfile, name, network }: Request<'build'>): Promise<Build> {
  const root = await realpath(folder).catch(() => null)
  if (root === null) throw new Error(`There is no folder ${folder}.`)
  const path = await realpath(join(root, dockerfile)).catch(() => null)
  if (path === null || !(await stat(path)).isFile())
    throw new Error(`There is no file ${dockerfile} in ${folder}.`)
  if (!isWithin(path, root)) throw new Error(`${dockerfile} leads out of ${folder}.`)
  return {
    ...{ folder: root, dockerfile: relative(root, path), name, kind: 'workspace', args: {} },
    network: network === 'none' ? 'none' : 'default',
  }
}

/** As the engine's own client passes them on. */
export const proxiesIn = (env: Variables): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      /^(http|https|no)_proxy$/i.test(name) && value ? [[name, value]] : [],
    ),
  )

async function agentsOf({ resources, env }: ImageMakerOptions): Promise<Build> {
  const asked = await run('npm', ['config', 'get', 'registry'], { timeoutMs: ASK_TOOL_MS, env })
  const registry = asked.stdout.trim()
  return {
    ...{ folder: resources, dockerfile: 'agent.Dockerfile', name: AGENT_IMAGE, kind: 'agents' },
    network: 'default',
    args: {
      ...proxiesIn(env),
      ...(/^https?:\/\//.test(registry) ? { NPM_REGISTRY: registry } : {}),
    },
  }
}

export async function buildImage(
  client: Docker,
  { folder, dockerfile, name, network, kind, args, target }: Build,
  told: Told,
  abortSignal: AbortSignal,
): Promise<void> {
  const isLeftOut = await leftOut(folder, dockerfile, told)
  const context = pack(folder, {
    ...{ fs: { ...fs, createReadStream: openPlain } },
    ...{ ignore: isLeftOut, strict: false },
    // Whose files they are here is nobody's business there.
    map: (header) => ({ ...header, uid: 0, gid: 0 }),
  })
  const body = context.pipe(createGzip())
  // What cannot be read ends the request, and the engine's own error would hide why.
  const unreadable = new Promise<never>((_, reject) => context.on('error', reject))
  const said = client.buildImage(body, {
    ...{ t: name, dockerfile, networkmode: network, buildargs: { ...args }, abortSignal },
    ...{ labels: { [LABEL.kind]: kind }, rm: true, forcerm: true, ...(target ? { target } : {}) },
  })
  said.catch(() => undefined)
  await followEngine(await Promise.race([said, unreadable]), told)
}

/** `.dockerignore`, and whatever looks like a secret: a step of a build may send it anywhere. */
async function leftOut(
  folder: string,
  dockerfile: string,
  told: Told,
): Promise<(path: string) => boolean> {
  const text = await readFile(join(folder, '.dockerignore'), 'utf8').catch(() => '')
  const own = ignore({ ignorecase: false }).add(text)
  // Something below a folder that is left out may be wanted after all.
  const hasExceptions = /^\s*!/m.test(text)
  return (path) => {
    const name = relative(folder, path)
    const isNeeded = name === '' || `${dockerfile}/`.startsWith(`${name}/`)
    if (isNeeded || name === '.dockerignore') return false
    if (looksSecret(name)) {
      told({ line: `Left out, because it may hold a secret: ${name}` })
      return true
    }
    if (hasExceptions && fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return false
    return own.ignores(name)
  }
}

async function importFile(
  client: Docker,
  { path, name }: Request<'import'>,
  told: Told,
  abortSignal: AbortSignal,
): Promise<void> {
  if (!path.startsWith('/')) throw new Error('The path of the file must be absolute.')
  if (
    !(await access(path, constants.R_OK).then(
      () => true,
      () => false,
    ))
  )
    throw new Error(`${path} is not there, or may not be read.`)
  told({ line: `Reading ${path}` })
  const listed = await run('tar', ['--occurrence=1', '-tf', path, 'manifest.json'], {
    timeoutMs: READ_TAR_MS,
  })
  const isSaved = listed.code === 0
  // It says that too of what is no archive at all.
  const isTar = /not found in archive/i.test(listed.stderr) && !/look like/.test(listed.stderr)
  if (!isSaved && !isTar)
    throw new Error(`${path} is no tar: ${listed.stderr.trim().split('\n')[0] ?? ''}`)
  told({
    line: isSaved ? 'An image that was saved: its own names are kept.' : 'Files of a system.',
  })
  await followEngine(
    // With its tag in it: Podman reads no other.
    isSaved
      ? await client.loadImage(path, { abortSignal })
      : await client.importImage(path, { repo: name, abortSignal }),
    told,
  )
}
