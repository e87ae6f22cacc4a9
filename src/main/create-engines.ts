import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { createEngineChoice, type EngineChoice } from './backends/containers/engine-choice.ts'
import { createEngineManager } from './backends/containers/manage.ts'
import { sweepContainers } from './backends/containers/owner.ts'
import { createImageDisks } from './backends/vm/image-disks.ts'
import { createMadeParts, type MadeParts } from './backends/vm/made-parts.ts'
import { processorOf } from './backends/vm/processors.ts'
import { createImageRoots, type ImageRoots } from './backends/vm/image-roots.ts'
import type { EngineManager } from './core/engine-port.ts'
import type { NewId } from './core/ids.ts'
import { createImageJobs, type ImageJobs } from './core/image-jobs.ts'
import type { Clock, Log } from './core/ports.ts'
import { isCopy } from '../shared/domain/engine.ts'
import { devContainers } from './devcontainer/dev-containers.ts'
import { createDocumentStore } from './store/documents.ts'

export interface EnginesOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Cloche's data. */
  readonly root: string
  /** Folder of the built entries. */
  readonly entries: string
  readonly clock: Clock
  readonly log: Log
  readonly newId: NewId
}

export interface Engines {
  readonly choice: EngineChoice
  readonly manager: EngineManager
  readonly imageJobs: ImageJobs
  /** Images as the systems of machines. */
  readonly imageRoots: ImageRoots
  /** What machines start with where this computer's own is of no use. */
  readonly machineParts: MadeParts
  readonly notice: string | null
  /** Ends what is being made, and what is being removed of an earlier host, between two steps. */
  close(): Promise<void>
}

/** Milliseconds an engine that does not answer may hold up the end of the host. */
const CLOSE_MS = 2000

/** Container engines: which is used, what is in it, what is made for it. */
export async function createEngines(options: EnginesOptions): Promise<Engines> {
  const { env, log } = options
  const path = join(options.root, 'engine.json')
  const document = createDocumentStore(path, z.string().nullable(), 1, null)
  const loaded = await document.load()
  const choice = createEngineChoice(env, document, loaded.value)
  const disks = createImageDisks({ folder: join(options.root, 'machines', 'images') })
  const resources = join(options.entries, '../../resources')
  const processor = processorOf(process.arch)
  const machineParts = createMadeParts({
    folder: join(options.root, 'machines', 'parts'),
    native: join(options.entries, '../../native'),
    ...{ resources, env, processor },
  })
  const manager = createEngineManager(choice, {
    ...{ resources, log, devContainers, disks, machineParts, dataDir: options.root },
  })
  // An engine may take long, or not answer at all; nothing of a start waits for it.
  const ending = new AbortController()
  const swept = sweepContainers(env, log, ending.signal).catch((cause: unknown) =>
    log.warn('containers that were left behind could not be looked for', cause),
  )
  const imageJobs = createImageJobs(
    (request, told, signal) =>
      isCopy(request)
        ? manager.copyFiles(request, told, signal)
        : manager.makeImage(request, told, signal),
    options.clock,
    options.newId,
  )
  return {
    ...{ choice, manager, imageJobs, notice: loaded.notice },
    imageRoots: createImageRoots({ engines: choice, disks, jobs: imageJobs, processor }),
    machineParts,
    close: async () => {
      imageJobs.close()
      ending.abort()
      await Promise.race([swept, sleep(CLOSE_MS, undefined, { ref: false })])
    },
  }
}
