import { useMemo, useState } from 'react'
import type { ContainerUsage, OwnContainer } from '../../shared/domain/engine.ts'
import { inspectContainer, KEPT_USAGE, useEngines } from '../stores/engines.ts'
import { useSessions } from '../stores/sessions.ts'
import { openTerminal } from '../stores/terminals.ts'
import { goTo, setUi } from '../stores/ui.ts'
import { Button } from '../ui/button.tsx'
import { CommandLine, CopyButton } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { LogLines } from '../ui/log-lines.tsx'
import { Sparkline } from '../ui/sparkline.tsx'
import { Empty } from '../ui/states.tsx'
import { AgentText } from '../ui/text.tsx'
import { editorCommand } from '../words/editor-command.ts'
import { formatBytes, formatCpu, plural } from '../words/format.ts'
import { CopyFilesDialog } from './copy-files.tsx'

/** Every container of ours, with what it takes now and lately. */
export function ContainerRows({ containers }: { containers: readonly OwnContainer[] | null }) {
  const [inspected, setInspected] = useState<Inspected | null>(null)
  const [copying, setCopying] = useState<OwnContainer | null>(null)
  if (containers === null)
    return <p className="warn-text">The engine does not answer now. It is asked again.</p>
  return (
    <section className="card-group" aria-label="Containers">
      <h2>
        Containers <span className="dim small num">{containers.length}</span>
      </h2>
      {containers.length === 0 ? (
        <Empty icon="containers" title="No containers">
          A session at the level Container makes the first.
        </Empty>
      ) : (
        <ul className="rule-list framed">
          {containers.map((container) => (
            <ContainerRow
              key={container.id}
              container={container}
              onFiles={() => setCopying(container)}
              onInspect={() =>
                void inspectContainer(container.id).then((text) =>
                  setInspected({ container, text }),
                )
              }
            />
          ))}
        </ul>
      )}
      {copying && <CopyFilesDialog container={copying} onClose={() => setCopying(null)} />}
      {inspected && <InspectDialog {...inspected} onClose={() => setInspected(null)} />}
    </section>
  )
}

const KINDS: Readonly<Record<OwnContainer['kind'], string>> = {
  session: 'Session',
  network: 'Network of a session',
  look: 'Look into an image',
}

function ContainerRow({
  container,
  onFiles,
  onInspect,
}: {
  container: OwnContainer
  onFiles: () => void
  onInspect: () => void
}) {
  const { id, name, kind, sessionId, image, state, isLeft } = container
  const session = useSessions((all) => (sessionId ? all.byId.get(sessionId) : undefined))
  const usage = useEngines((engines) => engines.usage.get(id)) ?? []
  return (
    <li className="rule-row container-row" data-testid="container-row" data-state={state}>
      <span className={`dot ${state === 'running' ? 'running' : ''}`} aria-hidden="true" />
      <span className="grow container-names">
        <span className="clip">
          {session ? <AgentText text={session.title} max={80} bare /> : KINDS[kind]}
        </span>
        <span className="mono small faint clip">
          {name} · {image}
        </span>
      </span>
      <span className="container-state">
        <span className={isLeft ? 'chip warn' : 'small dim'}>{isLeft ? 'left behind' : state}</span>
      </span>
      <Measured usage={usage} />
      <span className="row container-actions">
        {session && (
          <Button small onClick={() => goTo('sessions', session.id)} data-testid="container-open">
            Open
          </Button>
        )}
        {session?.status === 'running' && kind === 'session' && state === 'running' && (
          <Button
            small
            look="quiet"
            icon="terminal"
            onClick={() => {
              goTo('sessions', session.id)
              void openTerminal(session.id)
            }}
            data-testid="container-terminal"
          >
            Terminal
          </Button>
        )}
        {session && state === 'running' && (
          <Button small look="quiet" onClick={onFiles} data-testid="container-files">
            Files
          </Button>
        )}
        <Button small look="quiet" onClick={onInspect} data-testid="container-inspect">
          Inspect
        </Button>
        {session && (
          <Button
            small
            look="quiet"
            icon="stop"
            aria-label="Stop the session"
            onClick={() => setUi({ confirm: { kind: 'stop', id: session.id } })}
          />
        )}
      </span>
    </li>
  )
}

const MEBIBYTE = 1024 * 1024

/** Processor and memory with their course, and what went over the disk. */
function Measured({ usage }: { usage: readonly ContainerUsage[] }) {
  const now = usage.at(-1)
  if (!now) return <span className="measured" />
  const { cpuPercent, memoryBytes, readBytes, writtenBytes, processes } = now
  const cpu = usage.map((each) => each.cpuPercent)
  const memory = usage.map((each) => each.memoryBytes)
  return (
    <span className="measured row small num" data-testid="container-usage">
      <span className="measure" title="Processor, of one core">
        <Sparkline values={cpu} room={KEPT_USAGE} top={Math.max(100, ...cpu)} />
        {formatCpu(cpuPercent)}
      </span>
      <span className="measure" title="Memory">
        <Sparkline values={memory} room={KEPT_USAGE} top={Math.max(64 * MEBIBYTE, ...memory)} />
        {formatBytes(memoryBytes)}
      </span>
      <span className="measure dim" title="Read from and written to disks since it was started">
        {formatBytes(readBytes)} / {formatBytes(writtenBytes)}
      </span>
      <span className="measure dim">{plural(processes, 'process', 'processes')}</span>
    </span>
  )
}

interface Inspected {
  readonly container: OwnContainer
  readonly text: string
}

function InspectDialog({
  container: { name, sessionId },
  text,
  onClose,
}: Inspected & { onClose: () => void }) {
  const session = useSessions((all) => (sessionId ? all.byId.get(sessionId) : undefined))
  const lines = useMemo(() => text.split('\n'), [text])
  return (
    <Dialog
      title={name}
      onClose={onClose}
      size="wide"
      testId="inspect-container"
      foot={<CopyButton text={text} label="Copy" />}
    >
      {session && (
        <section className="stack" aria-label="Your editor">
          <p className="small dim">
            Your own editor in it: Visual Studio Code with its extension Dev Containers. It puts its
            server into the container, where it is held as the agent is.
          </p>
          <CommandLine command={editorCommand(name, session.spec.workspace)} />
          <p className="small dim">
            What the session says itself is in its recording: the engine keeps no log of it.
          </p>
        </section>
      )}
      <LogLines
        lines={lines}
        label="Filter what the engine knows of it"
        testId="inspect-lines"
        isFirst
      />
    </Dialog>
  )
}
