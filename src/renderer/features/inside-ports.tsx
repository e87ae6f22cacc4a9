import { useCallback, useEffect, useState } from 'react'
import type { InsidePort } from '../../shared/domain/forward.ts'
import type { SessionId } from '../../shared/domain/ids.ts'
import { isLive } from '../../shared/domain/session.ts'
import { closePort, listPorts, openPort } from '../stores/session-actions.ts'
import { useActive } from '../stores/active.ts'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { CopyButton } from '../ui/copy.tsx'

const LOOK_MS = 3000

/** What programs inside listen on, and the way there. Nothing leads in until the person opens it. */
export function InsidePorts() {
  const session = useView((view) => view.state.session)
  const isReplay = useActive((active) => active.replay !== null)
  return session && isLive(session) && !isReplay ? <Ports id={session.id} /> : null
}

function Ports({ id }: { id: SessionId }) {
  const [ports, setPorts] = useState<readonly InsidePort[]>([])
  const [problem, setProblem] = useState<string | null>(null)
  const look = useCallback(async () => {
    const listed = await listPorts(id)
    if (listed) setPorts(listed)
  }, [id])
  useEffect(() => {
    void look()
    const timer = setInterval(() => void look(), LOOK_MS)
    return () => clearInterval(timer)
  }, [look])
  const change = async (act: Promise<string | null>): Promise<void> => {
    setProblem(await act)
    await look()
  }
  if (ports.length === 0) return null
  return (
    <section className="inside-ports" aria-label="Ports inside" data-testid="inside-ports">
      <h3 className="small dim">Programs inside listen on</h3>
      <ul>
        {ports.map(({ port, localPort }) => (
          <li key={port} className="row" data-testid="inside-port" data-port={port}>
            <span className="mono num">{port}</span>
            {localPort === null ? (
              <>
                <span className="grow small faint">reached by nobody outside</span>
                <Button
                  small
                  onClick={() => void change(openPort(id, port))}
                  data-testid="port-open"
                >
                  Make reachable
                </Button>
              </>
            ) : (
              <>
                <a
                  className="grow mono small"
                  href={`http://localhost:${localPort}/`}
                  target="_blank"
                  rel="noreferrer"
                  data-testid="port-link"
                >
                  localhost:{localPort}
                </a>
                <CopyButton text={`http://localhost:${localPort}/`} />
                <Button
                  small
                  onClick={() => void change(closePort(id, port))}
                  data-testid="port-close"
                >
                  Close
                </Button>
              </>
            )}
          </li>
        ))}
      </ul>
      {problem && (
        <p className="small warn-text" role="alert">
          {problem}
        </p>
      )}
    </section>
  )
}
