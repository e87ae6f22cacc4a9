import type { CopyRequest } from '../../shared/domain/copy.ts'
import type { EngineRefusal, ImageJob } from '../../shared/domain/engine.ts'
import { isLive } from '../../shared/domain/session.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { EngineManager } from './engine-port.ts'
import type { ImageJobs } from './image-jobs.ts'
import type { Sessions } from './sessions.ts'
import type { Timeline } from './timeline.ts'
import { isWithin } from './within.ts'

export interface Copies {
  /** Begins it, for a session that runs; how it goes is with the jobs, and that it was done in the session's timeline. */
  start(request: CopyRequest): Promise<Result<ImageJob, EngineRefusal>>
}

export function createCopies({
  engines,
  jobs,
  sessions,
  timeline,
  home,
  realPath,
}: {
  readonly engines: Pick<EngineManager, 'sessionOf'>
  readonly jobs: Pick<ImageJobs, 'start'>
  readonly sessions: Pick<Sessions, 'get' | 'all'>
  readonly timeline: Pick<Timeline, 'append'>
  readonly home: string
  /** Where a path really leads on this machine; itself where it leads nowhere. */
  readonly realPath: (path: string) => Promise<string>
}): Copies {
  /** Folders that programs inside may write to now; null: the path is in none. */
  const workedIn = async (path: string): Promise<string | null> => {
    const real = await realPath(path)
    for (const { spec } of sessions.all().filter(isLive))
      for (const folder of [
        spec.workspace,
        ...spec.files
          .filter(({ access }) => access === 'write')
          .map((rule) => rule.path.replace(/^~(?=\/|$)/, home)),
      ])
        if (isWithin(real, await realPath(folder))) return folder
    return null
  }

  return {
    start: async (request) => {
      const id = await engines.sessionOf(request.container).catch(() => null)
      const session = id && sessions.get(id)
      if (!session || !isLive(session)) return refused('No session of Cloche runs in it.')
      // What is put there could be moved elsewhere while it is written.
      const worked = request.kind === 'copy-out' ? await workedIn(request.to) : null
      if (worked !== null)
        return refused(`An agent works in ${worked} now. Choose a folder that none works in.`)
      const { kind, from, to } = request
      const job = jobs.start(request, ({ state }) =>
        timeline.append(session.id, {
          ...{ type: 'files/copied', direction: kind === 'copy-in' ? 'in' : 'out', from, to },
          isDone: state === 'done',
        }),
      )
      return ok(job)
    },
  }
}

const refused = (detail: string): Result<never, EngineRefusal> =>
  err({ type: 'engine_refused', detail })
