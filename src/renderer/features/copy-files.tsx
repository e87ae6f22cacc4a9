import { type ReactNode, useState } from 'react'
import { CopyRequest } from '../../shared/domain/copy.ts'
import type { OwnContainer } from '../../shared/domain/engine.ts'
import { copyFiles } from '../stores/engines.ts'
import { Button } from '../ui/button.tsx'
import { type Choice, Segmented } from '../ui/choices.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { FolderBrowser } from './folder-browser.tsx'

type Kind = CopyRequest['kind']
const WAYS: readonly Choice<Kind>[] = [
  { value: 'copy-in', label: 'Copy in' },
  { value: 'copy-out', label: 'Copy out' },
]

/** Asks what is copied where, and begins; the page shows how it goes. */
export function CopyFilesDialog({
  container: { id, name },
  onClose,
}: {
  container: OwnContainer
  onClose: () => void
}) {
  const [kind, setKind] = useState<Kind>('copy-in')
  const [machine, setMachine] = useState('')
  const [folder, setFolder] = useState('')
  const [inside, setInside] = useState('/tmp')
  const [problem, setProblem] = useState<string | null>(null)
  const isIn = kind === 'copy-in'

  const begin = async (): Promise<void> => {
    const [from, to] = isIn ? [machine, inside] : [inside, folder]
    const asked = CopyRequest.safeParse({ kind, container: id, from, to })
    if (!asked.success) return setProblem('Type both paths, each from / on.')
    const failed = await copyFiles(asked.data)
    if (failed) setProblem(failed)
    else onClose()
  }

  return (
    <Dialog
      title={`Files of ${name}`}
      onClose={onClose}
      testId="copy-files"
      foot={
        <>
          <span className="grow" />
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" onClick={() => void begin()} data-testid="copy-begin">
            {isIn ? 'Copy in' : 'Copy out'}
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
        <Segmented
          label="Way"
          value={kind}
          choices={WAYS}
          onChange={(next) => {
            setKind(next)
            setProblem(null)
          }}
          testId="copy-way"
        />
        {isIn && (
          <PathField
            label="File or folder on this machine"
            value={machine}
            placeholder="/home/you/data.csv"
            onChange={setMachine}
            testId="copy-machine"
          />
        )}
        <PathField
          label={isIn ? 'Folder inside that gets it' : 'File or folder inside'}
          value={inside}
          placeholder="/tmp"
          onChange={setInside}
          testId="copy-inside"
        />
        {!isIn && (
          <>
            <span className="small dim">Folder on this machine that gets it</span>
            <FolderBrowser start="" onChange={setFolder} />
          </>
        )}
        <p className="small dim">
          {isIn
            ? 'The agent can read all that is copied in. '
            : 'What comes out is the agent’s: links and devices are left out, and no file may be run as it is. '}
          At most 2 GiB; nothing is overwritten. The workspace is the same folder on both sides.
        </p>
        {problem && (
          <p className="field-problem" role="alert" data-testid="copy-problem">
            {problem}
          </p>
        )}
      </form>
    </Dialog>
  )
}

function PathField({
  label,
  value,
  placeholder,
  onChange,
  testId,
}: {
  label: ReactNode
  value: string
  placeholder: string
  onChange: (path: string) => void
  testId: string
}) {
  return (
    <label className="stack tight">
      <span className="small dim">{label}</span>
      <input
        className="input mono"
        spellCheck={false}
        placeholder={placeholder}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        data-testid={testId}
      />
    </label>
  )
}
