import { cancelJob, type JobLog, useEngines } from '../stores/engines.ts'
import { Button } from '../ui/button.tsx'
import { Icon, type IconName } from '../ui/icons.tsx'
import { LogLines } from '../ui/log-lines.tsx'
import { AgentText } from '../ui/text.tsx'
import { formatDuration } from '../words/format.ts'
import { useNow } from '../ui/use-now.ts'

const VERBS = {
  pull: 'Pull',
  build: 'Build',
  agents: 'Build',
  machine: 'Build',
  dev: 'Build',
  import: 'Import',
  disk: 'Disk of',
  'copy-in': 'Copy in',
  'copy-out': 'Copy out',
} as const
const STATES: Readonly<Record<JobLog['job']['state'], { word: string; icon: IconName }>> = {
  running: { word: 'running', icon: 'restart' },
  done: { word: 'done', icon: 'check' },
  failed: { word: 'failed', icon: 'warning' },
  cancelled: { word: 'given up', icon: 'close' },
}

/** Images that are being got or made and files that are copied, with the engine's own words. */
export function ImageJobs() {
  const jobs = useEngines((state) => state.jobs)
  if (jobs.length === 0) return null
  return (
    <section className="card-group" aria-label="In the making">
      <h2>In the making</h2>
      {jobs.map((log) => (
        <Job key={log.job.id} log={log} />
      ))}
    </section>
  )
}

function Job({ log: { job, lines } }: { log: JobLog }) {
  const now = useNow()
  const { word, icon } = STATES[job.state]
  const isRunning = job.state === 'running'
  return (
    <article className="job" data-testid="image-job" data-state={job.state}>
      <header className="row">
        <Icon name={icon} />
        <span className="clip">
          {VERBS[job.request.kind]} <b className="mono">{job.name}</b>
        </span>
        <span className="small dim num grow" role="status">
          {word}
          {job.percent !== null && isRunning && ` · ${job.percent}%`} ·{' '}
          {formatDuration((job.endedAtMs ?? now) - job.startedAtMs)}
        </span>
        {isRunning && (
          <Button small onClick={() => void cancelJob(job)} data-testid="job-cancel">
            Give up
          </Button>
        )}
      </header>
      {isRunning && (
        <progress max={100} {...(job.percent === null ? {} : { value: job.percent })} />
      )}
      {job.detail !== null && (
        <p className="warn-text" data-testid="job-detail">
          <AgentText text={job.detail} max={600} />
        </p>
      )}
      <details open={isRunning || job.state === 'failed'}>
        <summary className="small dim">Log</summary>
        <LogLines lines={lines} label={`Filter the log of ${job.name}`} testId="job-log" />
      </details>
    </article>
  )
}
