import { type ReactNode, useState } from 'react'
import {
  type DevContainer,
  type LifecycleCommand,
  START_COMMANDS,
} from '../../shared/domain/dev-container.ts'
import { useChosenDevContainer, useDevContainers } from '../stores/dev-containers.ts'
import { imageNamed } from '../stores/dev-set-up.ts'
import { setDetails, useDetails } from '../stores/draft-details.ts'
import { useDraft } from '../stores/draft.ts'
import { makeImage, useEngines } from '../stores/engines.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { Select } from '../ui/select.tsx'
import { AgentText } from '../ui/text.tsx'
import { plural } from '../words/format.ts'
import { CommandList } from './dev-commands.tsx'
import { DevSetUp } from './dev-set-up.tsx'

/** In one line, for the closed part. */
export function useDevContainerSummary(): string {
  const found = useDevContainers((state) => state.found)
  const chosen = useChosenDevContainer()
  if (chosen) return chosen.name
  if (!found || found.length === 0) return 'None in this folder'
  return `${plural(found.length, 'configuration')} in this folder, not used`
}

/** null: it can start. */
export function useDevContainerProblem(): string | null {
  const chosen = useChosenDevContainer()
  const images = useEngines((engines) => engines.images)
  if (!chosen || images === null) return null
  if (!imageNamed(images, chosen.image)) return 'Build the dev container first.'
  const isSetUp = chosen.setUpImage === null || imageNamed(images, chosen.setUpImage)
  return isSetUp ? null : 'Set the dev container up first.'
}

/** The workspace's own description of where it is worked on, held by the wall. */
export function DevContainerPart() {
  const found = useDevContainers((state) => state.found)
  const choice = useDetails((details) => details.devContainer)
  const chosen = useChosenDevContainer()
  if (!found || found.length === 0)
    return <p className="small dim">There is no devcontainer.json in this folder.</p>
  const usable = found.filter(({ problem }) => problem === null)
  return (
    <div className="stack">
      <Select
        label="Configuration"
        value={choice?.path ?? ''}
        choices={{
          '': 'Not used',
          ...Object.fromEntries(usable.map(({ path, name }) => [path, `${name} · ${path}`])),
        }}
        onChange={(path) => {
          const next = found.find((each) => each.path === path)
          setDetails({ devContainer: next ? { path: next.path, hash: next.hash } : null })
        }}
        testId="dev-container"
      />
      {found
        .filter(({ problem }) => problem !== null)
        .map(({ path, problem }) => (
          <p key={path} className="small dim" data-testid="dev-problem">
            <span className="mono">{path}</span>: <AgentText text={problem ?? ''} max={300} bare />
          </p>
        ))}
      {chosen && <Chosen dev={chosen} />}
    </div>
  )
}

const isStart = (name: LifecycleCommand['name']): boolean =>
  START_COMMANDS.some((each) => each === name)

function Chosen({ dev }: { dev: DevContainer }) {
  const { risks, commands, features, wants, ports, ignored } = dev
  return (
    <div className="stack dev-container" data-testid="dev-chosen">
      <MakeIt dev={dev} />
      {risks.length > 0 && (
        <Part title="It asks for what it does not get">
          {risks.map(({ asks, answer }) => (
            <li key={asks} data-testid="dev-risk">
              <Icon name="deny" /> <AgentText text={asks} max={300} />
              <span className="dim"> {answer}</span>
            </li>
          ))}
        </Part>
      )}
      <DevSetUp dev={dev} />
      {commands.some(({ name }) => isStart(name)) && (
        <section>
          <h3 className="small">Runs inside the wall at every start, before the agent</h3>
          <CommandList commands={commands} names={START_COMMANDS} />
        </section>
      )}
      {dev.notStarted.length > 0 && (
        <Part title="Not started: the other services of its Compose file">
          {dev.notStarted.map(({ name, from }) => (
            <li key={name} data-testid="dev-not-started">
              <Icon name="deny" /> <AgentText text={name} max={100} />
              <span className="dim">
                {from && (
                  <>
                    , <AgentText text={from} max={200} bare />
                  </>
                )}
                . Nothing answers at that name.
              </span>
            </li>
          ))}
        </Part>
      )}
      {wants.length > 0 && (
        <p>
          It wants <span className="mono">{wants.join(', ')}</span> of this machine. Let in what you
          want under Variables; without that it is empty.
        </p>
      )}
      {features.length > 0 && (
        <p>
          Features, put into the image as root while it is built:{' '}
          <AgentText text={features.join(', ')} max={400} />
        </p>
      )}
      {ports.length > 0 && (
        <p className="dim">
          Ports {ports.join(', ')}: opened from the session, when you want them.
        </p>
      )}
      {ignored.map((text) => (
        <p key={text} className="dim">
          {text}
        </p>
      ))}
    </div>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className="small">{title}</h3>
      <ul className="stack-tight">{children}</ul>
    </section>
  )
}

/** Its image: there, in the making, or to be made, which is a person's act. */
function MakeIt({ dev }: { dev: DevContainer }) {
  const { image, made, initialize, path, hash } = dev
  const folder = useDraft((draft) => draft.workspace)
  const { images, jobs } = useEngines()
  const [initializes, setInitializes] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const log = jobs.find(({ job }) => job.name === image)
  const isRunning = log?.job.state === 'running'
  const isThere = images === null || imageNamed(images, image) !== undefined
  if (image === null) return null
  const make = async (): Promise<void> => {
    const choice = { path, hash }
    setProblem(await makeImage({ kind: 'dev', folder, choice, name: image, initializes }))
  }
  return (
    <section className="stack-tight">
      <div className="row">
        <span className="grow">
          Image <span className="mono">{image}</span>{' '}
          <span className="dim">{isThere ? 'is there.' : 'is not there yet.'}</span>
        </span>
        <Button small disabled={isRunning} onClick={() => void make()} data-testid="dev-make">
          {isRunning ? 'At it' : isThere ? 'Rebuild' : made === 'built' ? 'Build it' : 'Pull it'}
        </Button>
      </div>
      {initialize !== null && (
        <label className="check compact">
          <input
            type="checkbox"
            checked={initializes}
            onChange={(event) => setInitializes(event.target.checked)}
            data-testid="dev-initialize"
          />
          <span>
            First run <AgentText text={initialize} max={300} /> on this machine: as you, outside of
            every boundary.
          </span>
        </label>
      )}
      {made === 'built' && (
        <p className="dim">
          A build runs in the engine, outside of every boundary, with the engine’s network.
        </p>
      )}
      {isRunning && (
        <p className="mono dim clip" role="status" data-testid="dev-progress">
          {log.job.percent === null ? '' : `${log.job.percent}% `}
          <AgentText text={log.lines.at(-1) ?? 'begins'} max={200} bare />
        </p>
      )}
      {(problem ?? (log?.job.state === 'failed' && log.job.detail)) && (
        <p className="field-problem" role="alert" data-testid="dev-failed">
          <AgentText text={problem ?? log?.job.detail ?? ''} max={400} bare />
        </p>
      )}
    </section>
  )
}
