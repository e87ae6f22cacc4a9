import { type ReactNode, useState } from 'react'
import type { ImageRequest } from '../../shared/domain/engine.ts'
import { ImageName } from '../../shared/domain/image-name.ts'
import { makeImage } from '../stores/engines.ts'
import { useMachine } from '../stores/machine.ts'
import { Button } from '../ui/button.tsx'
import { type Choice, Segmented } from '../ui/choices.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { FolderBrowser } from './folder-browser.tsx'

export type Making = 'pull' | 'build' | 'import'
type BuildNetwork = Extract<ImageRequest, { kind: 'build' }>['network']

const TITLES: Readonly<Record<Making, string>> = {
  pull: 'Pull an image',
  build: 'Build an image',
  import: 'Import an image',
}
const NETWORKS: readonly Choice<BuildNetwork>[] = [
  { value: 'none', label: 'None' },
  { value: 'engine', label: 'The engine’s' },
]

/** Asks for what an engine needs to know, and begins; the page shows how it goes. */
export function MakeImageDialog({ kind, onClose }: { kind: Making; onClose: () => void }) {
  const recent = useMachine((machine) => machine.info?.recentWorkspaces[0]) ?? ''
  const [name, setName] = useState('')
  const [path, setPath] = useState('')
  const [folder, setFolder] = useState(recent)
  const [dockerfile, setDockerfile] = useState('Dockerfile')
  const [network, setNetwork] = useState<BuildNetwork>('none')
  const [problem, setProblem] = useState<string | null>(null)

  const begin = async (): Promise<void> => {
    if (!ImageName.safeParse(name).success)
      return setProblem('Type the name of the image, for example team/tools:1.')
    if (kind === 'import' && !path.startsWith('/'))
      return setProblem('Type the path of the file, from / on.')
    if (kind === 'build' && dockerfile === '')
      return setProblem('Type the name of the Dockerfile in that folder.')
    const failed = await makeImage(
      kind === 'pull'
        ? { kind, name }
        : kind === 'import'
          ? { kind, name, path }
          : { kind, name, folder, dockerfile, network },
    )
    if (failed) setProblem(failed)
    else onClose()
  }

  return (
    <Dialog
      title={TITLES[kind]}
      onClose={onClose}
      testId="make-image"
      foot={
        <>
          <span className="grow" />
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" onClick={() => void begin()} data-testid="make-begin">
            {kind === 'pull' ? 'Pull' : kind === 'build' ? 'Build' : 'Import'}
          </Button>
        </>
      }
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void begin()
        }}
      >
        {kind === 'build' && (
          <>
            <FolderBrowser start={recent} onChange={setFolder} />
            <Field label="Dockerfile, in that folder">
              <input
                className="input mono"
                value={dockerfile}
                onChange={(event) => setDockerfile(event.target.value.trim())}
                data-testid="make-dockerfile"
              />
            </Field>
          </>
        )}
        {kind === 'import' && (
          <Field label="File on this machine: made by docker save, or a tar of a system’s files">
            <input
              className="input mono"
              placeholder="/home/you/image.tar"
              value={path}
              onChange={(event) => setPath(event.target.value.trim())}
              data-testid="make-path"
            />
          </Field>
        )}
        <Field label="Name of the image">
          <input
            className="input mono"
            placeholder={kind === 'pull' ? 'debian:bookworm-slim' : 'team/tools:1'}
            spellCheck={false}
            value={name}
            onChange={(event) => setName(event.target.value.trim())}
            data-focus-first
            data-testid="make-name"
          />
        </Field>
        {kind === 'build' && (
          <>
            <div className="row">
              <span className="grow">Network of its steps</span>
              <Segmented
                label="Network of its steps"
                value={network}
                choices={NETWORKS}
                onChange={setNetwork}
                testId="make-network"
              />
            </div>
            <p className="small dim">
              A build runs in the engine, outside of every boundary of Cloche: with the engine’s
              network its steps reach whatever they want, and nothing is asked or recorded. Read the
              Dockerfile first if an agent could have changed it. Files that look like secrets are
              left out.
            </p>
          </>
        )}
        {kind === 'pull' && (
          <p className="small dim">
            The engine fetches it. Where you are signed in with docker login, that is used.
          </p>
        )}
        {problem && (
          <p className="field-problem" role="alert" data-testid="make-problem">
            {problem}
          </p>
        )}
      </form>
    </Dialog>
  )
}

function Field({ label, children }: { label: string; children: ReactNode }) {
  return (
    <label className="stack tight">
      <span className="small dim">{label}</span>
      {children}
    </label>
  )
}
