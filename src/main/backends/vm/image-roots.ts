import { setTimeout as sleep } from 'node:timers/promises'
import type { StartFailure } from '../../../shared/domain/session.ts'
import { SLOW_MS, START_MS } from '../../../shared/contract/define.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { ImageJobs } from '../../core/image-jobs.ts'
import type { PlanInput } from '../../core/isolation/plan.ts'
import type { EngineChoice } from '../containers/engine-choice.ts'
import { type ImageFound, lookInto } from '../containers/image-use.ts'
import { findDiskTool, INSTALL_DISK_TOOL } from './disk-tool.ts'
import type { DiskInUse, ImageDisks } from './image-disks.ts'
import { type Processor, PROCESSORS } from './processors.ts'

/** The system of a machine that is an image's. */
export interface ImageRoot extends ImageFound {
  /** Its disk on this machine: whoever has it lets it go when no machine does. */
  readonly disk: DiskInUse
}

export interface ImageRoots {
  /** What the plan's image has for it, with its disk. Nothing of the image runs. */
  find(plan: PlanInput, image: string): Promise<Result<ImageRoot, StartFailure>>
}

export interface ImageRootsOptions {
  readonly engines: Pick<EngineChoice, 'client'>
  readonly disks: Pick<ImageDisks, 'take'>
  readonly jobs: Pick<ImageJobs, 'run'>
  /** Of this computer; null: none that machines are made for. */
  readonly processor: Processor | null
  readonly toolPaths?: readonly string[]
  /** How long a start waits for a disk that is made for it, ms. */
  readonly waitMs?: number
}

/** Less than whoever asks for a session waits for its answer, with time to copy a workspace and to start. */
const WAIT_MS = START_MS - SLOW_MS

export function createImageRoots(options: ImageRootsOptions): ImageRoots {
  return {
    find: async (plan, image) => {
      const lacks = (detail: string, remedy: string): Result<never, StartFailure> =>
        err({ type: 'boundary_failed', part: `the image ${image}`, detail, remedy })
      const client = await options.engines.client()
      if (!client)
        return lacks(
          'no container engine answers, and an image is an engine’s',
          'Open Doctor to see what the engine lacks, or start with this computer’s system.',
        )
      const found = await lookInto(client, plan, image)
      if (!found.ok) return found
      const wanted = options.processor && PROCESSORS[options.processor].engineName
      if (found.value.architecture !== wanted)
        return lacks(
          `it is for ${found.value.architecture} processors, and the machine’s is an ${wanted}`,
          `Pull it for ${wanted}, or choose another image.`,
        )
      const known = await options.disks.take(found.value.id)
      if (known !== null) return ok({ ...found.value, disk: known })
      if ((await findDiskTool(options.toolPaths)) === null)
        return lacks(
          'its disk cannot be made: sqfstar is not installed',
          `${INSTALL_DISK_TOOL.say} ${INSTALL_DISK_TOOL.command}`,
        )
      const failure = await made(options, image)
      if (failure !== null) return lacks(...failure)
      const disk = await options.disks.take(found.value.id)
      if (disk === null)
        return lacks('its disk is gone again', 'Start again: the disk is made once more.')
      return ok({ ...found.value, disk })
    },
  }
}

/** Why there is no disk yet, and what to do; null: it is made. */
async function made(
  { jobs, waitMs = WAIT_MS }: ImageRootsOptions,
  name: string,
): Promise<readonly [detail: string, remedy: string] | null> {
  const stop = new AbortController()
  const late = sleep(waitMs, 'late' as const, { signal: stop.signal, ref: false })
  late.catch(() => undefined)
  const end = await Promise.race([jobs.run({ kind: 'disk', name }), late])
  stop.abort()
  if (end === 'late')
    return [
      'its disk is still being made, which takes longer than a start may wait',
      'Start again when it is done. Its progress is shown under Image and on the page of containers.',
    ]
  if (end.state === 'done') return null
  return [
    `its disk was not made: ${end.detail ?? 'that was given up'}`,
    'The log on the page of containers says more. Start again to try it once more.',
  ]
}
