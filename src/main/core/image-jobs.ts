import type { StreamSource } from '../../shared/contract/define.ts'
import {
  type ImageJob,
  type ImageRequest,
  isCopy,
  type JobFrame,
  type JobRequest,
} from '../../shared/domain/engine.ts'
import type { ImageJobId } from '../../shared/domain/ids.ts'
import { createBroadcast } from './broadcast.ts'
import type { ImageProgress } from './engine-port.ts'
import type { NewId } from './ids.ts'
import type { Clock } from './ports.ts'

export interface ImageJobs {
  /** Goes on by itself; its end is in `watch`, and told to `ended`. */
  start(request: JobRequest, ended?: (job: ImageJob) => void): ImageJob
  /** The same, or one that is asked for already and runs; resolves with how it ended. */
  run(request: ImageRequest): Promise<ImageJob>
  /** Whether there was one that ran. */
  cancel(id: ImageJobId): boolean
  readonly watch: StreamSource<JobFrame[], JobFrame>
  /** Cancels what runs. */
  close(): void
}

/** What the image of agents is called. */
export const AGENT_IMAGE = 'cloche-agents:latest'
/** The image in which what machines start with is made. */
export const MACHINE_PARTS = 'cloche-guest:latest'
const MOST_LINES = 2000
const MOST_LETTERS = 2000
const MOST_JOBS = 20
const TELL_MS = 100

interface Running {
  job: ImageJob
  readonly lines: string[]
  /** Not told yet. */
  fresh: string[]
  timer: NodeJS.Timeout | null
  readonly controller: AbortController
  ended: Promise<void>
}

/** Resolves when it is done; rejects with the engine's words. Aborted: with anything. */
export type JobMaker = (
  request: JobRequest,
  told: (progress: ImageProgress) => void,
  signal: AbortSignal,
) => Promise<void>

/** Images that are pulled, built and imported, and files that are copied: their progress and log, for as long as this host runs. */
export function createImageJobs(
  make: JobMaker,
  clock: Pick<Clock, 'wallMs'>,
  newId: NewId,
): ImageJobs {
  const jobs: Running[] = []
  const news = createBroadcast<JobFrame[], JobFrame>(() =>
    jobs.map(({ job, lines }) => ({ job, lines })),
  )
  const tell = (running: Running): void => {
    if (running.timer) clearTimeout(running.timer)
    running.timer = null
    const lines = running.fresh
    running.fresh = []
    running.lines.push(...lines)
    running.lines.splice(0, Math.max(0, running.lines.length - MOST_LINES))
    news.tell({ job: running.job, lines })
  }
  const end = (running: Running, state: ImageJob['state'], detail: string | null): void => {
    running.job = { ...running.job, state, detail, endedAtMs: clock.wallMs() }
    tell(running)
  }
  const start = (request: JobRequest): Running => {
    const controller = new AbortController()
    const job: ImageJob = {
      ...{ id: newId('job'), request, name: nameOf(request) },
      ...{ state: 'running', detail: null, percent: null },
      ...{ startedAtMs: clock.wallMs(), endedAtMs: null },
    }
    const running: Running = {
      ...{ job, lines: [], fresh: [], timer: null, controller },
      ended: Promise.resolve(),
    }
    jobs.unshift(running)
    forgetOldest(jobs)
    const told = ({ line, percent }: ImageProgress): void => {
      if (running.job.state !== 'running') return
      if (line !== undefined) running.fresh.push(line.slice(0, MOST_LETTERS))
      if (percent !== undefined) running.job = { ...running.job, percent: Math.round(percent) }
      running.timer ??= setTimeout(() => tell(running), TELL_MS)
    }
    running.ended = make(request, told, controller.signal).then(
      () => end(running, 'done', null),
      (cause: unknown) =>
        controller.signal.aborted
          ? end(running, 'cancelled', null)
          : end(running, 'failed', cause instanceof Error ? cause.message : String(cause)),
    )
    tell(running)
    return running
  }
  return {
    start: (request, ended) => {
      const running = start(request)
      if (ended) void running.ended.then(() => ended(running.job))
      return running.job
    },
    run: async (request) => {
      const asked = JSON.stringify(request)
      const known = jobs.find(
        ({ job }) => job.state === 'running' && JSON.stringify(job.request) === asked,
      )
      const running = known ?? start(request)
      await running.ended
      return running.job
    },
    cancel: (id) => {
      const running = jobs.find(({ job }) => job.id === id)
      if (running?.job.state !== 'running') return false
      running.controller.abort()
      return true
    },
    watch: news.watch,
    close: () => {
      for (const { controller } of jobs) controller.abort()
    },
  }
}

function nameOf(request: JobRequest): string {
  if (isCopy(request)) return request.from
  if (request.kind === 'machine') return MACHINE_PARTS
  return request.kind === 'agents' ? AGENT_IMAGE : request.name
}

/** What runs is never forgotten. */
function forgetOldest(jobs: Running[]): void {
  while (jobs.length > MOST_JOBS) {
    const oldest = jobs.findLastIndex(({ job }) => job.state !== 'running')
    if (oldest === -1) return
    jobs.splice(oldest, 1)
  }
}
