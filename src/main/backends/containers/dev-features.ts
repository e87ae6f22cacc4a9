import { cp, lstat, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { DevContainerUse } from '../../core/dev-container-port.ts'
import type { ImageProgress } from '../../core/engine-port.ts'
import { exists } from '../exists.ts'
import { runTelling } from '../spawn.ts'
import type { Variables } from './engines.ts'
import { LABEL } from './labels.ts'

const TOOL = 'devcontainer'

/**
 * Features are shell scripts of others that run as root while the image is built. The reference tool fetches and
 * orders them. It is given nothing but what an image is made of: no command for this machine, no mounts.
 */
export async function buildWithFeatures(
  {
    folder,
    path,
    source,
    features,
    image,
  }: Pick<DevContainerUse, 'source' | 'features' | 'image'> & {
    readonly folder: string
    /** Of the configuration, relative to the folder. */
    readonly path: string
  },
  env: Variables,
  told: (progress: ImageProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const tool = await find(TOOL, env)
  if (tool === null)
    throw new Error(
      `It has features (${Object.keys(features).join(', ')}), which ${TOOL} puts into an image. ` +
        'Install it: npm install -g @devcontainers/cli',
    )
  const place = dirname(join(folder, path))
  const made = await mkdtemp(join(tmpdir(), 'cloche-dev-'))
  try {
    // The tool wants features of the workspace below a folder of this name, and nothing else of it.
    const folderOfTool = join(made, '.devcontainer')
    await mkdir(folderOfTool)
    for (const name of Object.keys(features).filter((each) => each.startsWith('./')))
      await cp(join(place, name), join(folderOfTool, name), { recursive: true, filter: isNoLink })
    const config = join(folderOfTool, 'devcontainer.json')
    const from =
      source.kind === 'pull'
        ? { image: source.image }
        : {
            build: {
              ...{ context: source.context, dockerfile: join(source.context, source.dockerfile) },
              ...{ args: source.args, ...(source.target ? { target: source.target } : {}) },
            },
          }
    await writeFile(config, JSON.stringify({ ...from, features }))
    await runTelling(
      [
        ...[tool, 'build', '--workspace-folder', made, '--config', config],
        ...['--image-name', image, '--log-level', 'info'],
        ...['--label', `${LABEL.kind}=workspace`],
      ],
      { cwd: made, env, tell: (line) => told({ line }), signal },
    )
  } finally {
    await rm(made, { recursive: true, force: true })
  }
}

/** A link may lead anywhere. */
const isNoLink = async (path: string): Promise<boolean> => !(await lstat(path)).isSymbolicLink()

async function find(name: string, env: Variables): Promise<string | null> {
  for (const folder of (env.PATH ?? '').split(delimiter))
    if (folder.startsWith('/') && (await exists(join(folder, name)))) return join(folder, name)
  return null
}
