import { setTimeout as sleep } from 'node:timers/promises'
import type Docker from 'dockerode'
import type { StreamSource } from '../../../shared/contract/define.ts'
import type { ContainerList } from '../../../shared/domain/engine.ts'
import { createBroadcast } from '../../core/broadcast.ts'
import type { Log } from '../../core/ports.ts'
import { LABEL } from './labels.ts'
import { listOwn } from './own-containers.ts'

/** Milliseconds until an engine that does not answer is asked again. */
const AGAIN_MS = 1000
/** Events come in flocks; the list is read once for those of one moment. */
const SETTLE_MS = 50
/** Of an event that has not ended. */
const MOST_LETTERS = 64 * 1024

export interface ContainerWatch {
  readonly watch: StreamSource<ContainerList, ContainerList>
  /** Another engine may be meant from now on. */
  restart(): void
}

/**
 * The list of our containers for as long as somebody looks at it: read whole, then anew at each of
 * the engine's events. When the engine goes, that is told; when it is back, its events since
 * the last are asked for and the list is read whole again, so nothing is missed in between.
 */
export function createContainerWatch(
  client: () => Promise<Docker | null>,
  log: Log,
): ContainerWatch {
  let state: ContainerList = { containers: null }
  let viewers = 0
  let running: AbortController | null = null
  const news = createBroadcast<ContainerList, ContainerList>(() => state)

  const set = (containers: ContainerList['containers']): void => {
    if (JSON.stringify(containers) === JSON.stringify(state.containers)) return
    state = { containers }
    news.tell(state)
  }

  const follow = async (signal: AbortSignal): Promise<void> => {
    /** Seconds since the epoch, of the last event. */
    let since = Math.floor(Date.now() / 1000)
    while (!signal.aborted) {
      try {
        const engine = await client()
        if (!engine) throw new Error('no engine answers')
        // Podman answers with the first event and not before, and finds none by the name of a label.
        const asked = engine.getEvents({
          ...{ since, abortSignal: signal },
          filters: { type: ['container'] },
        })
        asked.catch(() => undefined)
        const own = await listOwn(engine)
        if (!signal.aborted) set(own)
        let text = ''
        for await (const part of await asked) {
          // The line that has not ended, and what came now.
          text = (text.slice(text.lastIndexOf('\n') + 1) + String(part)).slice(-MOST_LETTERS)
          if (!text.includes(LABEL.kind)) continue
          since = Math.floor(Date.now() / 1000)
          await sleep(SETTLE_MS, undefined, { signal })
          set(await listOwn(engine))
        }
      } catch (cause) {
        if (signal.aborted) return
        if (state.containers !== null) log.warn('the engine’s events ended', cause)
      }
      if (signal.aborted) return
      set(null)
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined)
    }
  }
  const begin = (): void => {
    running = new AbortController()
    void follow(running.signal)
  }
  const end = (): void => {
    running?.abort()
    running = null
  }

  return {
    watch: (push) => {
      if (viewers++ === 0) begin()
      const leave = news.watch(push)
      return () => {
        leave()
        if (--viewers === 0) end()
      }
    },
    restart: () => {
      if (!running) return
      end()
      set(null)
      begin()
    },
  }
}
