import { join } from 'node:path'
import type Docker from 'dockerode'
import { z } from 'zod'
import type { StartFailure } from '../../../shared/domain/session.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { PlanInput } from '../../core/isolation/plan.ts'
import type { MachineLayout } from '../layout.ts'
import { keepHome, withKeptHome } from './kept-home.ts'
import { machineImage } from './machine-image.ts'
import { removeContainer } from './owner.ts'
import { neededBy } from './runs-in-image.ts'
import { showImage } from './show-image.ts'

/** What there is in an image for a session, without any of it having run. */
export interface ImageFound {
  /** As it is really started: with this machine's program, where the image has none of that name. */
  readonly plan: PlanInput
  readonly id: string
  /** As the engine calls it: "amd64". */
  readonly architecture: string
  readonly sizeBytes: number
  /** What the shell that ran the probe becomes. */
  readonly argv: readonly string[]
  readonly shell: string
  /** Its own search path. */
  readonly path: string
  /** Variables it sets itself. */
  readonly env: Readonly<Record<string, string>>
}

/** What a session in a container takes from an image. */
export interface ImageUse extends Pick<ImageFound, 'plan' | 'argv' | 'shell'> {
  readonly name: string
  /** The image with nothing in it, for what prepares the network. */
  readonly machine: string
  /** The machine's folders, where the image has no programs of its own. */
  readonly layout: MachineLayout | null
  /** Its own search path; null: this machine's. */
  readonly path: string | null
  /** Names of the variables it sets itself. */
  readonly variables: readonly string[]
}

/** Without these nothing could be proven inside. */
const PROBE_TOOLS = ['cat', 'cut', 'tr']
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const Config = z.object({ Env: z.array(z.string()).nullable().default([]) })

/** Whether an image has what the plan starts; nothing of it runs. `folder` is ours. */
export async function readImage(
  client: Docker,
  plan: PlanInput,
  layout: MachineLayout,
  folder: string,
): Promise<Result<ImageUse, StartFailure>> {
  const machine = await machineImage(client, layout, folder)
  if (plan.image === null)
    return ok({
      ...{ plan, name: machine, machine, layout, argv: plan.argv, shell: layout.shell },
      ...{ path: null, variables: [] },
    })
  const found = await lookInto(client, plan, plan.image)
  if (!found.ok) return found
  const { id, env, ...rest } = found.value
  return ok({ ...rest, name: id, machine, layout: null, variables: Object.keys(env) })
}

/** Rejects with the engine's words. */
export async function lookInto(
  client: Docker,
  plan: PlanInput,
  name: string,
): Promise<Result<ImageFound, StartFailure>> {
  const lacks = (what: string, remedy: string): Result<never, StartFailure> =>
    err({
      type: 'boundary_failed',
      part: `the image ${name}`,
      detail: what,
      remedy,
    })
  const image = await client
    .getImage(name)
    .inspect()
    .catch(() => null)
  if (!image)
    return lacks(
      'the engine does not have it',
      plan.setUp?.kind === 'used'
        ? 'Set the dev container up first, under Dev container: its create commands run once.'
        : 'Pull, build or import it first: on the page of containers, or under Dev container.',
    )
  const env = variablesOf(Config.parse(image.Config).Env ?? [])
  const path = env.PATH ?? DEFAULT_PATH
  // A container that is never started shows what is in an image.
  const shown = await showImage(client, image.Id)
  try {
    const [program = '', ...args] = plan.argv
    const has = (file: string): Promise<boolean> =>
      shown.infoArchive({ path: file }).then(
        () => true,
        () => false,
      )
    if (!(await has('/bin/sh')))
      return lacks('it has no /bin/sh, which the probe runs in', 'Choose an image with a shell.')
    const find = (wanted: string): Promise<string | null> =>
      firstOf(
        wanted.includes('/') ? [wanted] : path.split(':').map((place) => join(place, wanted)),
        has,
      )
    for (const tool of PROBE_TOOLS)
      if ((await find(tool)) === null)
        return lacks(
          `it has no ${tool}, which the probe runs`,
          'Choose an image with the usual tools.',
        )
    const found = await find(program)
    const own = found === null ? await takeOwn(plan, has, find) : null
    if (found === null && !own)
      return lacks(
        `it has no program ${program} in ${program.includes('/') ? 'that place' : path}`,
        'Choose an image that has it, or no image: then this machine’s programs are used.',
      )
    if (typeof own === 'string')
      return lacks(
        `it has no program ${program}, and this machine’s needs ${own}, which it does not have either`,
        'Choose an image that has the agent, or no image: then this machine’s programs are used.',
      )
    return ok({
      ...{ plan: own ?? plan, id: image.Id, architecture: image.Architecture, env, path },
      ...{ sizeBytes: image.Size, shell: (await has('/bin/bash')) ? '/bin/bash' : '/bin/sh' },
      argv: withPrelude(plan, own?.argv ?? [found ?? program, ...args]),
    })
  } finally {
    await removeContainer(shown)
  }
}

const MOST_VARIABLES = 256
const MOST_LETTERS = 32 * 1024

/** Pure: of what an image says of its environment, all that is one. */
export function variablesOf(env: readonly string[]): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const item of env.slice(0, MOST_VARIABLES)) {
    const [, name, value] = /^([A-Za-z_]\w*)=([^\0]*)$/s.exec(item) ?? []
    if (name !== undefined && value !== undefined && value.length <= MOST_LETTERS)
      variables[name] = value
  }
  return variables
}

/** The machine's own program in its place; a string: what the image lacks for it. */
async function takeOwn(
  plan: PlanInput,
  has: (path: string) => Promise<boolean>,
  find: (name: string) => Promise<string | null>,
): Promise<PlanInput | string | null> {
  const { ownProgram } = plan
  if (!ownProgram) return null
  const needed = await neededBy(ownProgram.argv[0] ?? '').catch(() => undefined)
  if (needed === undefined) return null
  if (needed !== null) {
    const isThere = needed.includes('/') ? await has(needed) : (await find(needed)) !== null
    if (!isThere) return needed
  }
  return { ...plan, argv: ownProgram.argv, mounts: [...plan.mounts, ...ownProgram.mounts] }
}

/** A dev container's commands come first, in the image's own shell. */
export function withPrelude(plan: PlanInput, argv: readonly string[]): readonly string[] {
  const { prelude, setUp } = plan
  const program = setUp?.kind === 'makes' ? keepHome(plan) : argv
  const words =
    prelude === null ? program : ['/bin/sh', '-c', prelude, 'cloche-dev-container', ...program]
  return setUp?.kind === 'used' ? withKeptHome(words) : words
}

async function firstOf(
  paths: readonly string[],
  isRight: (path: string) => Promise<boolean>,
): Promise<string | null> {
  for (const path of paths) if (await isRight(path)) return path
  return null
}
