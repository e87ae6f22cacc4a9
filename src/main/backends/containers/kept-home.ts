import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { buffer } from 'node:stream/consumers'
import type Docker from 'dockerode'
import { pack } from 'tar-stream'
import { KEPT_HOME, type PlanInput } from '../../core/isolation/plan.ts'
import { bounded } from './bounded.ts'
import type { EngineWays } from './engine-ways.ts'
import { LABEL } from './labels.ts'
import { removeContainer } from './owner.ts'
import { renameArchive } from './rename-archive.ts'
import { showImage } from './show-image.ts'

type Setting = Pick<PlanInput, 'home' | 'workspace' | 'mounts' | 'files'>

/** What a home may hold that becomes part of an image. Bytes, as an archive. */
const MOST_KEPT = 8 * 1024 ** 3

/** Below a folder that is the engine's: one of its own that the program's user may write to. */
const KEEPING = `${KEPT_HOME}/home`

/**
 * Copies what lies in the home to where it is kept. Whatever is mounted there is not the home's: the names of
 * those are its arguments.
 */
const KEEP = `
for entry in "$HOME"/.[!.]* "$HOME"/..?* "$HOME"/*; do
  if [ ! -e "$entry" ] && [ ! -h "$entry" ]; then continue; fi
  for name do if [ "\${entry##*/}" = "$name" ]; then continue 2; fi; done
  cp -RPp "$entry" ${KEEPING}/ || {
    code=$?; printf '\\033[33mThe home could not be kept.\\033[0m Nothing of this set-up is.\\n'; exit $code; }
done
printf '\\033[2mAll have run. What they left in the home is kept now, for the sessions of this dev container.\\033[0m\\n'
`

/** Fills the home before the program starts; what is there already is the session's own and stays. */
const RESTORE = `
[ -r ${KEPT_HOME} ] && [ -x ${KEPT_HOME} ] || printf '\\033[33mWhat the set-up left in the home cannot be read here.\\033[0m\\n'
for entry in ${KEPT_HOME}/.[!.]* ${KEPT_HOME}/..?* ${KEPT_HOME}/*; do
  if [ ! -e "$entry" ] && [ ! -h "$entry" ]; then continue; fi
  name=\${entry##*/}
  if [ ! -e "$HOME/$name" ] && [ ! -h "$HOME/$name" ]; then cp -RPp "$entry" "$HOME/"
  elif [ -d "$entry" ] && [ -d "$HOME/$name" ]; then cp -RPpn "$entry/." "$HOME/$name/" 2>/dev/null; fi
done
unset entry name
exec "$@"
`

/** The program of a set-up, once its commands have run. */
export const keepHome = (plan: Setting): string[] => [
  ...['/bin/sh', '-c', KEEP, 'cloche-set-up', ...notOfHome(plan)],
]

/** A program that starts with what was kept in its home. */
export const withKeptHome = (argv: readonly string[]): string[] => [
  ...['/bin/sh', '-c', RESTORE, 'cloche-set-up', ...argv],
]

/** Pure: the first part below the home of all that is the machine's and only shown there. */
export function notOfHome({ home, workspace, mounts, files }: Setting): string[] {
  const paths = [
    workspace,
    ...mounts.map(({ target }) => target),
    ...files.flatMap(({ path, asked }) => [path, asked]),
  ]
  const below = paths.filter((path) => path.startsWith(`${home}/`))
  return [...new Set(below.map((path) => path.slice(home.length + 1).split('/')[0] ?? ''))]
}

/** The folder on the engine's disk in which the home of a set-up is kept: goes with its container. */
export const KEPT_MOUNT: Docker.MountSettings = {
  ...{ Type: 'volume', Source: '', Target: KEPT_HOME },
}

/** Makes room in it for the program's user, before the container starts. */
export async function giveKeptHome(
  container: Docker.Container,
  { uid, gid }: EngineWays['user'],
): Promise<void> {
  const archive = pack()
  archive.entry({ name: basename(KEEPING), type: 'directory', mode: 0o700, uid, gid })
  archive.finalize()
  await container.putArchive(await buffer(archive), { path: KEPT_HOME })
}

/**
 * Makes the image of a set-up that ended well, from the image it ran in and the home that it kept. Nothing
 * else of that container goes into it: not its variables, not its labels. Where a session joins a user
 * namespace, files of an image belong to nobody in it: then everybody may read them. Rejects with the engine's
 * words.
 */
export async function keepAsImage(
  client: Docker,
  container: Docker.Container,
  {
    image,
    name,
    users,
  }: { readonly image: string; readonly name: string } & Pick<EngineWays, 'users'>,
): Promise<void> {
  const kept = await container.getArchive({ path: KEEPING })
  const shown = await showImage(client, image)
  try {
    const body = bounded(MOST_KEPT, 'What is kept of the home')
    const archive = renameArchive(Readable.from(kept), KEPT_HOME.slice(1), users === 'kept')
    await Promise.all([pipeline(archive, body), shown.putArchive(body, { path: '/' })])
    const before = await idOf(client, name)
    const at = name.lastIndexOf(':')
    await shown.commit({
      ...{ repo: name.slice(0, at), tag: name.slice(at + 1), pause: false },
      // Whoever makes a container of it gets these labels, and is not for that a container of ours.
      changes: [`LABEL ${LABEL.kind}=set-up`, `LABEL ${LABEL.owner}=`],
    })
    const after = await idOf(client, name)
    // By its id and without force: one that is used, or has another name by now, stays.
    if (before !== null && before !== after)
      await client
        .getImage(before)
        .remove()
        .catch(() => undefined)
  } finally {
    await removeContainer(shown)
  }
}

const idOf = (client: Docker, name: string): Promise<string | null> =>
  client
    .getImage(name)
    .inspect()
    .then(
      ({ Id }) => Id,
      () => null,
    )

/** Takes its name away, and removes it where nothing uses it. Whether there was one. */
export const forgetImage = (client: Docker, name: string): Promise<boolean> =>
  client
    .getImage(name)
    .remove({ force: true })
    .then(
      () => true,
      () => false,
    )
