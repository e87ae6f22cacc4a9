import { create } from 'zustand'
import type { CopyRequest } from '../../shared/domain/copy.ts'
import type {
  ContainerList,
  ContainerUsage,
  EngineEntry,
  EngineImage,
  ImageJob,
  ImageRequest,
  JobFrame,
  OwnContainer,
  Removable,
} from '../../shared/domain/engine.ts'
import { connectionStore, currentConnection } from '../connection.ts'
import { formatBytes } from '../words/format.ts'
import { follow } from './live.ts'
import { ask, useActions } from './session-actions.ts'

export interface JobLog {
  readonly job: ImageJob
  readonly lines: readonly string[]
}

interface EnginesState {
  /** null: not known yet. */
  readonly engines: readonly EngineEntry[] | null
  /** null: the engine does not answer, or has not yet. */
  readonly containers: readonly OwnContainer[] | null
  readonly images: readonly EngineImage[] | null
  /** The newest first. */
  readonly jobs: readonly JobLog[]
  /** The oldest first, by the container's id. */
  readonly usage: ReadonlyMap<string, readonly ContainerUsage[]>
}

export const useEngines = create<EnginesState>(() => ({
  engines: null,
  containers: null,
  images: null,
  jobs: [],
  usage: new Map(),
}))

/** Measurements of a container that are kept: what its picture has room for. */
export const KEPT_USAGE = 60
const KEPT_LINES = 2000

/** What the page of containers shows, for as long as it is open. */
export function followEngines(): () => void {
  const usage = followUsage()
  const stops = [
    follow<ContainerList, ContainerList>((api, onFrame) => api.engine.containers(null, onFrame), {
      snapshot: ({ containers }) => usage.set(containers),
      delta: ({ containers }) => {
        usage.set(containers)
        void refreshEngines()
      },
    }),
    followJobs(),
    connectionStore.subscribe(() => void refreshEngines()),
  ]
  void refreshEngines()
  return () => {
    usage.stop()
    for (const stop of stops) stop()
  }
}

let jobFollowers = 0
let stopJobs: (() => void) | null = null

/**
 * For the page of containers and for a new session, which may be open above it: one subscription
 * for both, or each line of a log would be added twice.
 */
export function followJobs(): () => void {
  jobFollowers += 1
  stopJobs ??= subscribeToJobs()
  return () => {
    jobFollowers -= 1
    if (jobFollowers > 0) return
    stopJobs?.()
    stopJobs = null
  }
}

const subscribeToJobs = (): (() => void) =>
  follow<JobFrame[], JobFrame>((api, onFrame) => api.image.jobs(null, onFrame), {
    snapshot: (jobs) => useEngines.setState({ jobs }),
    delta: ({ job, lines }) => {
      const { jobs } = useEngines.getState()
      const known = jobs.find((each) => each.job.id === job.id)
      const log = { job, lines: [...(known?.lines ?? []), ...lines].slice(-KEPT_LINES) }
      useEngines.setState({
        jobs: known ? jobs.map((each) => (each === known ? log : each)) : [log, ...jobs],
      })
      if (job.state === 'done') void refreshImages()
    },
  })

async function refreshEngines(): Promise<void> {
  const connection = currentConnection()
  if (!connection) return
  const engines = await connection.api.engine.list(null).catch(() => null)
  if (engines) useEngines.setState({ engines })
  await refreshImages()
}

export async function refreshImages(): Promise<void> {
  const images = await currentConnection()
    ?.api.image.list(null)
    .catch(() => null)
  if (images) useEngines.setState({ images })
}

/** Follows what runs, each container by itself. */
function followUsage() {
  const followed = new Map<string, () => void>()
  return {
    set: (containers: readonly OwnContainer[] | null): void => {
      useEngines.setState({ containers })
      const running = new Set(
        (containers ?? []).filter(({ state }) => state === 'running').map(({ id }) => id),
      )
      for (const [id, stop] of followed)
        if (!running.has(id)) {
          stop()
          followed.delete(id)
        }
      for (const id of running) if (!followed.has(id)) followed.set(id, followOne(id))
    },
    stop: (): void => {
      for (const stop of followed.values()) stop()
      useEngines.setState({ usage: new Map() })
    },
  }
}

const followOne = (id: string): (() => void) =>
  follow<null, ContainerUsage>((api, onFrame) => api.engine.usage(id, onFrame), {
    snapshot: () => undefined,
    delta: (measured) => {
      const usage = new Map(useEngines.getState().usage)
      usage.set(id, [...(usage.get(id) ?? []), measured].slice(-KEPT_USAGE))
      useEngines.setState({ usage })
    },
  })

const tell = (problem: string): void => useActions.setState({ problem })
const wordsOf = (error: string | { readonly detail: string }): string =>
  typeof error === 'string' ? error : error.detail

export async function chooseEngine(socket: string | null): Promise<void> {
  const chosen = await ask((api) => api.engine.choose({ socket }))
  if (!chosen.ok) tell(wordsOf(chosen.error))
  await refreshEngines()
}

/** A sentence when it did not begin. */
export async function makeImage(request: ImageRequest): Promise<string | null> {
  const made = await ask((api) => api.image.make(request))
  if (made.ok) return null
  return typeof made.error === 'string'
    ? made.error
    : 'A command for this machine is not run from a browser. Use the app, or leave it out.'
}

/** A sentence when it did not begin. */
export async function copyFiles(request: CopyRequest): Promise<string | null> {
  const begun = await ask((api) => api.engine.copy(request))
  return begun.ok ? null : wordsOf(begun.error)
}

export async function cancelJob({ id }: ImageJob): Promise<void> {
  const cancelled = await ask((api) => api.image.cancel({ id }))
  if (!cancelled.ok && typeof cancelled.error === 'string') tell(cancelled.error)
}

/** As JSON, or why not. */
export async function inspectContainer(id: string): Promise<string> {
  const inspected = await ask((api) => api.engine.inspect({ id }))
  return inspected.ok ? inspected.value : wordsOf(inspected.error)
}

/** What could be removed; a string where that is not known. */
export async function listRemovable(): Promise<readonly Removable[] | string> {
  const listed = await ask((api) => api.engine.removable(null))
  return listed.ok ? listed.value : wordsOf(listed.error)
}

export async function removeFromEngine(ids: readonly string[]): Promise<void> {
  const removed = await ask((api) => api.engine.remove({ ids: [...ids] }))
  if (removed.ok)
    useActions.setState({
      done: { words: `Removed. ${formatBytes(removed.value)} are free again.`, undo: null },
    })
  else tell(wordsOf(removed.error))
  await refreshImages()
}
