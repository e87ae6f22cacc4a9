import { useState } from 'react'
import { makeImage, useEngines } from '../stores/engines.ts'
import { useMachine } from '../stores/machine.ts'
import { useActions } from '../stores/session-actions.ts'
import { Button } from '../ui/button.tsx'
import { useNow } from '../ui/use-now.ts'
import { formatAgo, formatBytes } from '../words/format.ts'
import { MakeImageDialog, type Making } from './make-image.tsx'

/** What sessions in containers can be started from, and ways to more of it. */
export function ImageRows() {
  const images = useEngines((state) => state.images) ?? []
  const [making, setMaking] = useState<Making | null>(null)
  const now = useNow()
  const isMac = useMachine((machine) => machine.info?.platform === 'macos')
  const make = async (kind: 'agents' | 'machine'): Promise<void> => {
    const problem = await makeImage({ kind })
    if (problem) useActions.setState({ problem })
  }
  return (
    <section className="card-group" aria-label="Images">
      <header className="row wrap">
        <h2 className="grow">
          Images <span className="dim small num">{images.length}</span>
        </h2>
        <Button small onClick={() => void make('agents')} data-testid="make-agents">
          Build the agents’ image
        </Button>
        {isMac && (
          <Button small onClick={() => void make('machine')} data-testid="make-machine">
            Build what machines start with
          </Button>
        )}
        <Button small onClick={() => setMaking('pull')} data-testid="make-pull">
          Pull
        </Button>
        <Button small onClick={() => setMaking('build')} data-testid="make-build">
          Build
        </Button>
        <Button small onClick={() => setMaking('import')} data-testid="make-import">
          Import
        </Button>
      </header>
      <p className="small dim">
        A session needs none of them: without an image it has this machine’s programs.
      </p>
      {images.length > 0 && (
        <ul className="rule-list framed">
          {images.map(({ name, sizeBytes, createdAtMs }) => (
            <li key={name} className="rule-row" data-testid="image-row">
              <span className="mono grow clip" title={name}>
                {name}
              </span>
              <span className="small dim num">{formatAgo(createdAtMs, now)}</span>
              <span className="small num image-size">{formatBytes(sizeBytes)}</span>
            </li>
          ))}
        </ul>
      )}
      {making && <MakeImageDialog kind={making} onClose={() => setMaking(null)} />}
    </section>
  )
}
