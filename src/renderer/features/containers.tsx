import { useEffect, useState } from 'react'
import type { EngineEntry } from '../../shared/domain/engine.ts'
import { chooseEngine, followEngines, useEngines } from '../stores/engines.ts'
import { goTo } from '../stores/ui.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { Loading } from '../ui/states.tsx'
import { ContainerRows } from './container-rows.tsx'
import { ImageJobs } from './image-jobs.tsx'
import { ImageRows } from './image-rows.tsx'
import { TidyDialog } from './tidy-dialog.tsx'

/** What has Cloche in the container engine, and what does it cost? */
export function ContainersPage() {
  const { engines, containers } = useEngines()
  const [isTidying, setTidying] = useState(false)
  useEffect(followEngines, [])
  const answers = engines?.some(({ isUsed, state }) => isUsed && state === 'answers') ?? false
  return (
    <section className="page" aria-labelledby="containers-title" data-testid="page-containers">
      <header className="page-head with-actions">
        <div className="grow">
          <h1 id="containers-title">Containers</h1>
          <p className="dim">
            What Cloche made in the container engine. Nothing else of it is shown or touched.
          </p>
        </div>
        {answers && (
          <Button icon="trash" onClick={() => setTidying(true)} data-testid="tidy">
            Tidy up
          </Button>
        )}
      </header>
      <div className="page-body wide scroll">
        {!engines && <Loading what="the container engines" rows={4} />}
        {engines && <EngineRows engines={engines} />}
        {answers && <ContainerRows containers={containers} />}
        <ImageJobs />
        {answers && <ImageRows />}
      </div>
      {isTidying && <TidyDialog onClose={() => setTidying(false)} />}
    </section>
  )
}

function EngineRows({ engines }: { engines: readonly EngineEntry[] }) {
  if (engines.length === 0)
    return (
      <div className="notice">
        <Icon name="info" />
        <p className="grow">
          No container engine was found. Sessions in containers need Docker or Podman.
        </p>
        <Button small onClick={() => goTo('doctor')}>
          Open Doctor
        </Button>
      </div>
    )
  return (
    <section className="card-group" aria-label="Engines">
      <h2>Engine</h2>
      <ul className="rule-list framed" role="radiogroup" aria-label="Engine of new sessions">
        {engines.map(({ socket, words, state, isUsed }) => (
          <li key={socket} className="rule-row engine-row" data-testid="engine-row">
            <label className="check compact grow">
              <input
                type="radio"
                name="engine"
                checked={isUsed}
                disabled={state !== 'answers'}
                onChange={() => void chooseEngine(socket)}
                data-testid={`engine-${socket}`}
              />
              <span className="grow">
                <span className={state === 'answers' ? '' : 'dim'}>{words}</span>
                <span className="mono small faint clip engine-socket">{socket}</span>
              </span>
            </label>
            {isUsed && state !== 'answers' && (
              <span className="chip warn">
                <Icon name="warning" /> Chosen, and of no use now
              </span>
            )}
            {isUsed && state === 'answers' && <span className="small faint">New sessions</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}
