import { isCopy } from '../../shared/domain/engine.ts'
import type { IsolationLevel } from '../../shared/domain/isolation.ts'
import { setDetails, useDetails } from '../stores/draft-details.ts'
import { makeImage, useEngines } from '../stores/engines.ts'
import { useMachine } from '../stores/machine.ts'
import { goTo } from '../stores/ui.ts'
import { Button } from '../ui/button.tsx'
import { Select } from '../ui/select.tsx'
import { formatBytes } from '../words/format.ts'

type Level = 'container' | 'vm'

/** What is used without an image; in a machine, "this machine" would be either. */
const OWN: Readonly<Record<Level, string>> = {
  container: 'This machine’s programs',
  vm: 'This computer’s system',
}
const EFFECTS: Readonly<Record<Level, readonly [own: string, image: string]>> = {
  container: [
    'The engine gets an empty image and this machine’s programs, read-only: whatever works in the OS sandbox works here.',
    'The agent must be in the image. That is looked at before anything starts.',
  ],
  vm: [
    'The machine has this computer’s programs, read-only: whatever works in the OS sandbox works here.',
    'The machine has nothing of this computer but the workspace. The agent must be in the image, which becomes a disk at its first start.',
  ],
}

/** There is no Linux but an image's. */
const NONE_ON_A_MAC = {
  word: 'Choose an image',
  effect:
    'On a Mac a machine has no system but that of an image: choose one, or build one with the agents. Built, not run: it was never tried on a Mac by its makers.',
}

/** In one line, for the closed part. */
export const sumUpImage = (image: string | null, level: IsolationLevel): string =>
  image ?? OWN[level === 'vm' ? 'vm' : 'container']

/** Whose programs are used in a container or a virtual machine. */
export function ContainerImage({ level }: { level: Level }) {
  const isMac = useMachine((machine) => machine.info?.platform === 'macos')
  const own =
    level === 'vm' && isMac ? NONE_ON_A_MAC : { word: OWN[level], effect: EFFECTS[level][0] }
  const image = useDetails((details) => details.image)
  const images = useEngines((engines) => engines.images)
  const choices = Object.fromEntries([
    ['', own.word],
    ...(images ?? []).map(({ name, sizeBytes }) => [name, `${name} · ${formatBytes(sizeBytes)}`]),
    ...(image !== null && !images?.some(({ name }) => name === image) ? [[image, image]] : []),
  ])
  return (
    <div className="stack">
      <Select
        label={level === 'vm' ? 'System' : 'Programs'}
        value={image ?? ''}
        choices={choices}
        onChange={(name) => setDetails({ image: name === '' ? null : name })}
        testId="container-image"
      />
      <span className="small dim">{image === null ? own.effect : EFFECTS[level][1]}</span>
      <MoreImages />
    </div>
  )
}

/** An image of agents is a click away; all else is on the page of containers. */
function MoreImages() {
  const { images, jobs } = useEngines()
  const ofImages = jobs.filter(({ job }) => !isCopy(job.request))
  const running = ofImages.find(({ job }) => job.state === 'running')
  const latest = ofImages[0]
  if (running)
    return (
      <span className="small dim num" role="status" data-testid="image-progress">
        {running.job.name}
        {running.job.percent === null ? ': ' : ` ${running.job.percent}%: `}
        <span className="mono">{running.lines.at(-1) ?? 'begins'}</span>
      </span>
    )
  return (
    <span className="row wrap small">
      {latest?.job.state === 'failed' && (
        <span className="warn-text grow">
          {latest.job.name}: {latest.job.detail}
        </span>
      )}
      {images?.length === 0 && <span className="dim grow">The engine has no image yet.</span>}
      <Button
        small
        onClick={() => void makeImage({ kind: 'agents' })}
        data-testid="make-agents-image"
      >
        Build one with the agents
      </Button>
      <Button small look="quiet" onClick={() => goTo('containers')}>
        Pull, build or import
      </Button>
    </span>
  )
}
