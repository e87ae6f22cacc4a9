import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, readdir, realpath } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import {
  CREATE_COMMANDS,
  type DevContainer,
  DevContainerPath,
} from '../../shared/domain/dev-container.ts'
import { ImageName } from '../../shared/domain/image-name.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type {
  DevContainers,
  DevContainerSource,
  DevContainerUse,
} from '../core/dev-container-port.ts'
import { isWithin } from '../core/within.ts'
import { type ComposeService, readCompose } from './compose.ts'
import { type Configuration, parseConfiguration, textOfCommands } from './configuration.ts'
import { lifecycleOf, preludeOf, setUpOf } from './prelude.ts'
import { risksOf } from './risks.ts'
import { fillIn, type Places, wantedIn } from './variables.ts'

const MOST_BYTES = 1024 * 1024
const MOST_FOUND = 16

export const devContainers: DevContainers = {
  find: async (workspace) => {
    const root = await realpath(workspace).catch(() => null)
    if (root === null) return []
    const found: DevContainer[] = []
    for (const path of await candidates(root)) {
      const read = await readOne(root, path)
      if (read) found.push(read.shown)
    }
    return found
  },
  use: async (workspace, { path, hash }) => {
    const root = await realpath(workspace).catch(() => null)
    const read = root === null ? null : await readOne(root, path)
    if (!read) return err(`There is no ${path} in this folder any more.`)
    if (read.shown.hash !== hash)
      return err(`${path} is not what you saw: it was changed. Look at it again.`)
    return read.use ? ok(read.use) : err(`${path}: ${read.shown.problem ?? 'it cannot be used'}`)
  },
}

async function candidates(root: string): Promise<string[]> {
  const below = await readdir(join(root, '.devcontainer'), { withFileTypes: true }).catch(() => [])
  return [
    '.devcontainer/devcontainer.json',
    '.devcontainer.json',
    ...below
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `.devcontainer/${name}/devcontainer.json`)
      .sort(),
  ]
    .filter((path) => DevContainerPath.safeParse(path).success)
    .slice(0, MOST_FOUND)
}

interface ReadOne {
  readonly shown: DevContainer
  /** null: it cannot be used, and `shown.problem` says why. */
  readonly use: DevContainerUse | null
}

/** null: there is no such file. */
async function readOne(root: string, path: string): Promise<ReadOne | null> {
  const text = await readOwn(root, join(root, path))
  if (text === null) return null
  const parsed = parseConfiguration(text)
  if (!parsed.ok) return unusable(path, hashOf([text]), parsed.error)
  const compose = await composeOf(root, path, parsed.value)
  const texts = [text, ...compose.texts]
  if (!compose.service.ok) return unusable(path, hashOf(texts), compose.service.error, parsed.value)
  const config = withService(parsed.value, compose.service.value)
  const places: Places = { workspace: root, id: digest(`${root}\0${path}`).slice(0, 12) }
  const source = await sourceOf(root, compose.folder, config, places)
  if (!source.ok) return unusable(path, hashOf(texts), source.error, config)
  const { value: how } = source
  const dockerfile =
    how.kind === 'build' ? await readOwn(root, join(how.context, how.dockerfile)) : ''
  const hash = hashOf([...texts, dockerfile ?? ''])
  const features = config.features ?? {}
  const isMade = how.kind === 'build' || Object.keys(features).length > 0
  const image = isMade ? `cloche-dev-${places.id}:${hash.slice(0, 12)}` : how.image
  const isSetUp = lifecycleOf(config, CREATE_COMMANDS).length > 0
  const setUpImage = isSetUp ? `cloche-dev-${places.id}:${hash.slice(0, 12)}-set-up` : null
  const shown = {
    ...show(path, hash, config, { image, setUpImage, isMade }),
    ...(compose.service.value ? shownOf(config, compose.service.value) : {}),
  }
  const initialize = config.initializeCommand
  return {
    shown,
    use: {
      ...{ shown, source: how, features, image, prelude: preludeOf(config, places) },
      setUp: setUpImage === null ? null : { image: setUpImage, prelude: setUpOf(config, places) },
      initialize: initialize === undefined ? null : wordsOf(initialize, places),
    },
  }
}

/** A shell of this machine runs what is no list of words. */
function wordsOf(commands: NonNullable<Configuration['initializeCommand']>, places: Places) {
  if (Array.isArray(commands)) return commands.map((word) => fillIn(word, places))
  const lines = typeof commands === 'string' ? [commands] : Object.values(commands)
  const script = lines
    .map((line) => fillIn(typeof line === 'string' ? line : line.join(' '), places))
    .join('\n')
  return ['/bin/sh', '-ec', script]
}

interface Compose {
  /** Canonical folder that its paths are relative to. */
  readonly folder: string
  readonly texts: readonly string[]
  /** null: it is made without Compose. */
  readonly service: Result<ComposeService | null, string>
}

async function composeOf(root: string, path: string, config: Configuration): Promise<Compose> {
  const folder = dirname(join(root, path))
  const { dockerComposeFile: named, service } = config
  if (named === undefined) return { folder, texts: [], service: ok(null) }
  const files: { path: string; text: string }[] = []
  for (const file of [named].flat()) {
    const place = resolve(folder, file)
    const text = await readOwn(root, place)
    if (text === null)
      return {
        ...{ folder, texts: files.map((each) => each.text) },
        service: err(`There is no ${file} beside it, or it leads out of the folder.`),
      }
    files.push({ path: relative(root, place), text })
  }
  return {
    folder: dirname(resolve(folder, [named].flat()[0] ?? '')),
    texts: files.map((each) => each.text),
    service: readCompose(files, service),
  }
}

/** The service as if there were no other: its image or build, and its variables below the configuration's. */
const withService = (config: Configuration, service: ComposeService | null): Configuration =>
  service === null
    ? config
    : {
        ...{ ...config, ...service.config },
        containerEnv: { ...service.config.containerEnv, ...config.containerEnv },
      }

const shownOf = (
  config: Configuration,
  { risks, ignored, notStarted }: ComposeService,
): Pick<DevContainer, 'risks' | 'ignored' | 'notStarted'> => ({
  risks: [...risksOf(config), ...risks],
  ignored: [...ignored, ...ignoredIn(config)],
  notStarted: [...notStarted],
})

async function sourceOf(
  root: string,
  folder: string,
  config: Configuration,
  places: Places,
): Promise<Result<DevContainerSource, string>> {
  const file = config.build?.dockerfile ?? config.dockerFile
  if (file === undefined) {
    const image = config.image === undefined ? '' : fillIn(config.image, places)
    if (image === '') return err('It names neither an image nor a Dockerfile.')
    return ImageName.safeParse(image).success
      ? ok({ kind: 'pull', image })
      : err(`“${image}” is no name of an image.`)
  }
  const dockerfile = await inside(root, resolve(folder, fillIn(file, places)))
  const asked = fillIn(config.build?.context ?? config.context ?? '.', places)
  const context = await inside(root, resolve(folder, asked))
  if (dockerfile === null)
    return err(`There is no ${file} beside it, or it leads out of the folder.`)
  if (context === null || !isWithin(dockerfile, context))
    return err(`Its build context ${asked} does not hold ${file}, or leads out of the folder.`)
  const args = Object.entries(config.build?.args ?? {})
  return ok({
    ...{ kind: 'build', context, dockerfile: relative(context, dockerfile) },
    target: config.build?.target ?? null,
    args: Object.fromEntries(args.map(([name, value]) => [name, fillIn(value, places)])),
  })
}

/** Where it really is; null: nowhere, or not in the workspace. */
async function inside(root: string, path: string): Promise<string | null> {
  const real = await realpath(path).catch(() => null)
  return real !== null && isWithin(real, root) ? real : null
}

function show(
  path: string,
  hash: string,
  config: Configuration,
  {
    image,
    setUpImage,
    isMade,
  }: Pick<DevContainer, 'image' | 'setUpImage'> & { readonly isMade: boolean },
): DevContainer {
  const values = [
    ...[config.image, ...Object.values(config.build?.args ?? {})],
    ...[...Object.values(config.containerEnv ?? {}), ...Object.values(config.remoteEnv ?? {})],
    ...lifecycleOf(config).map(({ commands }) => textOfCommands(commands)),
  ]
  const ports = (config.forwardPorts ?? []).filter((port) => typeof port === 'number')
  return {
    ...{ path, hash, image, setUpImage, problem: null, made: isMade ? 'built' : 'pulled' },
    name: config.name ?? (path.split('/').at(-2) || 'Dev container'),
    risks: risksOf(config),
    commands: lifecycleOf(config).map(({ name, commands }) => ({
      ...{ name, text: textOfCommands(commands) },
    })),
    initialize:
      config.initializeCommand === undefined ? null : textOfCommands(config.initializeCommand),
    features: Object.keys(config.features ?? {}),
    notStarted: [],
    ports,
    sets: Object.keys({ ...config.containerEnv, ...config.remoteEnv }),
    wants: [...new Set(values.flatMap((value) => (value ? wantedIn(value) : [])))],
    ignored: ignoredIn(config),
  }
}

/** Keys without an effect, with why a person may want to know. */
function ignoredIn({
  remoteUser,
  containerUser,
  workspaceFolder,
  customizations,
  shutdownAction,
  hostRequirements,
  waitFor,
  userEnvProbe,
  overrideCommand,
}: Configuration): string[] {
  const user = remoteUser ?? containerUser
  return [
    ...(user ? [`The user ${user}: programs run as you, so that files stay yours.`] : []),
    ...(workspaceFolder
      ? [`The folder ${workspaceFolder}: the workspace is where it is on this machine.`]
      : []),
    ...(customizations ? ['customizations: they are for editors.'] : []),
    ...(shutdownAction ? ['shutdownAction: the container is removed with its session.'] : []),
    ...(waitFor ? ['waitFor: the agent waits for every command, and finds what they made.'] : []),
    ...(overrideCommand === undefined ? [] : ['overrideCommand: the agent is what is run.']),
    ...(userEnvProbe ? ['userEnvProbe: variables that a login shell would set are not read.'] : []),
    ...(hostRequirements ? ['hostRequirements: the limits of the session are in force.'] : []),
  ]
}

function unusable(
  path: string,
  hash: string,
  problem: string,
  config: Configuration = {},
): ReadOne {
  const shown = show(path, hash, config, { image: null, setUpImage: null, isMade: false })
  return { shown: { ...shown, problem }, use: null }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
const hashOf = (texts: readonly string[]): string => digest(JSON.stringify(texts))

/** null: no plain file in the workspace, or too large. */
async function readOwn(root: string, path: string): Promise<string | null> {
  const folder = await inside(root, dirname(path))
  if (folder === null) return null
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await open(join(folder, path.slice(dirname(path).length + 1)), flags).catch(
    () => null,
  )
  if (!file) return null
  try {
    const info = await file.stat()
    return info.isFile() && info.size <= MOST_BYTES ? await file.readFile('utf8') : null
  } finally {
    await file.close()
  }
}
