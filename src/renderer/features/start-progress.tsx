import { useDraft } from '../stores/draft.ts'
import { useDetails } from '../stores/draft-details.ts'
import { cancelJob, useEngines } from '../stores/engines.ts'
import { Button } from '../ui/button.tsx'

/** What a start waits for: an image becomes the disk of a machine once, which can take minutes. */
export function StartProgress() {
  const isStarting = useDraft((draft) => draft.isStarting)
  const image = useDetails((details) => details.image)
  const jobs = useEngines((state) => state.jobs)
  const job = jobs.find(
    ({ job: { request, state, name } }) =>
      state === 'running' && request.kind === 'disk' && name === image,
  )?.job
  if (!isStarting || !job) return null
  return (
    <div className="notice" data-testid="start-progress">
      <div className="stack grow">
        <p role="status">
          The image <b className="mono">{job.name}</b> becomes a disk, once. The session starts when
          that is done{job.percent !== null && <span className="num">: {job.percent}%</span>}.
        </p>
        <progress max={100} {...(job.percent === null ? {} : { value: job.percent })} />
      </div>
      <Button small onClick={() => void cancelJob(job)} data-testid="start-give-up">
        Give up
      </Button>
    </div>
  )
}
