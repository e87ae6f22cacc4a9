import type Docker from 'dockerode'
import type { EngineRefusal } from '../../../shared/domain/engine.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { EngineManager } from '../../core/engine-port.ts'
import type { Log } from '../../core/ports.ts'
import { type CopierOptions, createFileCopier } from './copy-files.ts'
import type { EngineChoice } from './engine-choice.ts'
import { connectEngine } from './engines.ts'
import { listImages } from './images.ts'
import { createImageMaker, type ImageMakerOptions } from './make-image.ts'
import { findOwn, findOwnSession } from './own-containers.ts'
import { listRemovable, removeOwn } from './removable.ts'
import { isDisk, removableDisks, removeDisks } from './removable-disks.ts'
import { followUsage } from './usage.ts'
import { createContainerWatch } from './watch-containers.ts'

/** The engine that is used, for a person's eyes and hands. Nothing without our labels is touched. */
export function createEngineManager(
  choice: EngineChoice,
  options: Pick<ImageMakerOptions, 'resources' | 'devContainers' | 'disks' | 'machineParts'> &
    Pick<CopierOptions, 'dataDir'> & { readonly log: Log },
): EngineManager {
  const { watch, restart } = createContainerWatch(choice.client, options.log)
  return {
    engines: () => choice.list(),
    choose: async (socket) => {
      const chosen = await choice.choose(socket)
      if (chosen.ok) restart()
      return chosen
    },
    images: async () => {
      const client = await choice.client()
      return client ? listImages(client) : []
    },
    containers: watch,
    usage: (id) => (push) => {
      const stop = new AbortController()
      let seq = 0
      push({ type: 'snapshot', seq, state: null })
      const follow = async (): Promise<void> => {
        const engine = await choice.engine()
        // Without groups its numbers are all zero, which nobody should take for true.
        if (!engine?.facts.hasGroups) return
        const container = await findOwn(connectEngine(engine.socket), id)
        if (!container) return
        await followUsage(
          container,
          (change) => push({ type: 'delta', seq: ++seq, change }),
          stop.signal,
        )
      }
      // It ended, or its engine did: the list of containers says so.
      follow().catch(() => undefined)
      return () => stop.abort()
    },
    inspect: (id) =>
      withEngine(choice, async (client) => {
        const container = await findOwn(client, id)
        if (!container) return refused('It is gone, or Cloche did not make it.')
        return ok(JSON.stringify(await container.inspect(), null, 2))
      }),
    removable: async () => {
      const [own, disks] = await Promise.all([
        withEngine(choice, async (client) => ok(await listRemovable(client))),
        removableDisks(options.disks, choice),
      ])
      // Disks are kept without an engine as well.
      return own.ok ? ok([...own.value, ...disks]) : disks.length > 0 ? ok(disks) : own
    },
    remove: async (ids) => {
      const freed = await removeDisks(options.disks, ids)
      const others = ids.filter((id) => !isDisk(id))
      if (others.length === 0) return ok(freed)
      return withEngine(choice, async (client) => ok(freed + (await removeOwn(client, others))))
    },
    makeImage: createImageMaker({ ...choice, ...options }),
    sessionOf: async (id) => {
      const client = await choice.client()
      return (client && (await findOwnSession(client, id)))?.sessionId ?? null
    },
    copyFiles: createFileCopier({ ...choice, ...options }),
  }
}

const refused = (detail: string): Result<never, EngineRefusal> =>
  err({ type: 'engine_refused', detail })

async function withEngine<T>(
  { client }: Pick<EngineChoice, 'client'>,
  work: (client: Docker) => Promise<Result<T, EngineRefusal>>,
): Promise<Result<T, EngineRefusal>> {
  const engine = await client()
  if (!engine) return refused('No container engine answers. Doctor says what is missing.')
  try {
    return await work(engine)
  } catch (cause) {
    return refused(cause instanceof Error ? cause.message : String(cause))
  }
}
