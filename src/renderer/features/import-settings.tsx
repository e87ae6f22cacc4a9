import { type DragEvent, type KeyboardEvent, useEffect, useState } from 'react'
import { ReadFormat, type SettingsFile } from '../../shared/domain/policy-formats.ts'
import {
  backToSettings,
  chooseFormat,
  keepImport,
  nameProfile,
  paste,
  readFound,
  readPasted,
  startImport,
  takeFile,
  useImport,
} from '../stores/import-settings.ts'
import { useActions } from '../stores/session-actions.ts'
import { Button } from '../ui/button.tsx'
import { FileButton } from '../ui/file-button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Loading } from '../ui/states.tsx'
import { Path } from '../ui/text.tsx'
import { formatBytes } from '../words/format.ts'
import { FORMAT_NAMES, REFUSAL_WORDS } from '../words/policy-formats.ts'
import { ImportedPolicyView } from './imported-policy.tsx'

interface ImportProps {
  readonly onClose: () => void
  /** Instead of a word at the foot of the window. */
  readonly onKept?: (name: string) => void
}

/** Settings of another tool become a profile: read, looked at, changed, kept. Nothing of the other tool is changed. */
export function ImportSettingsDialog({ onClose, onKept = sayKept }: ImportProps) {
  const { read, text, wrong } = useImport()
  useEffect(() => {
    void startImport()
  }, [])
  const keep = async (): Promise<void> => {
    const name = await keepImport()
    if (name === null) return
    onKept(name)
    onClose()
  }
  const next = (): void => void (read ? keep() : readPasted())
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    next()
  }
  return (
    <Dialog
      title="Import settings"
      onClose={onClose}
      size="wide"
      testId="import-settings"
      foot={
        <>
          <ImportProblem />
          {read && <NameField onEnter={next} />}
          {read ? (
            <Button onClick={backToSettings} data-testid="import-back">
              Back
            </Button>
          ) : (
            <Button onClick={onClose}>Cancel</Button>
          )}
          <Button
            look="primary"
            disabled={read ? wrong !== null : text.trim() === ''}
            onClick={next}
            data-testid={read ? 'import-keep' : 'import-read'}
          >
            {read ? 'Save profile' : 'Read'}
          </Button>
        </>
      }
    >
      <div className="import" onKeyDown={onKeyDown}>
        {read ? <ImportedPolicyView /> : <Sources />}
      </div>
    </Dialog>
  )
}

const sayKept = (name: string): void =>
  useActions.setState({
    done: { words: `The profile “${name}” is kept. A new session can begin as it.`, undo: null },
  })

function ImportProblem() {
  const problem = useImport((state) => state.problem)
  const isRead = useImport((state) => state.read !== null)
  return (
    <span
      className={problem ? 'grow field-problem' : 'grow small dim'}
      role={problem ? 'alert' : undefined}
      data-testid="import-problem"
    >
      {problem ??
        (isRead ? null : 'They become a profile. The other tool’s own file stays as it is.')}
    </span>
  )
}

function NameField({ onEnter }: { onEnter: () => void }) {
  const name = useImport((state) => state.name)
  return (
    <label className="row small dim">
      Save as
      <input
        className="input import-name"
        value={name}
        onChange={(event) => nameProfile(event.target.value)}
        onKeyDown={(event) => event.key === 'Enter' && onEnter()}
        data-testid="import-name"
      />
    </label>
  )
}

/** Where settings come from: this machine, the clipboard, a file. */
function Sources() {
  const { text, format } = useImport()
  const [isOver, setOver] = useState(false)
  const drop = (event: DragEvent): void => {
    event.preventDefault()
    setOver(false)
    const [file] = event.dataTransfer.files
    if (file) void takeFile(file)
  }
  return (
    <div
      className={isOver ? 'import-sources over' : 'import-sources'}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <section className="stack" aria-label="On this machine">
        <h3>On this machine</h3>
        <FoundFiles />
      </section>
      <section className="stack import-paste" aria-label="Elsewhere">
        <div className="row">
          <h3 className="grow" id="import-text-label">
            Or paste them, or drop a file here
          </h3>
          <label className="row small dim">
            Of
            <select
              className="input select"
              value={format ?? ''}
              onChange={({ target: { value } }) =>
                chooseFormat(ReadFormat.options.find((each) => each === value) ?? null)
              }
              data-testid="import-format"
            >
              <option value="">whatever tool it is</option>
              {ReadFormat.options.map((each) => (
                <option key={each} value={each}>
                  {FORMAT_NAMES[each]}
                </option>
              ))}
            </select>
          </label>
          <FileButton
            words="Choose a file"
            label="Settings to read"
            accept=".json,.jsonc,.toml,.rules,.lsrules,.txt"
            onFile={(file) => void takeFile(file)}
            testId="import-file"
          />
        </div>
        <textarea
          className="input mono policy-text"
          aria-labelledby="import-text-label"
          placeholder="Settings of Claude Code, sandbox-runtime, Codex, Gemini CLI or OpenCode, a rule of OpenSnitch, an .lsrules list, a devcontainer.json"
          spellCheck={false}
          value={text}
          onChange={(event) => paste(event.target.value)}
          data-focus-first
          data-testid="import-text"
        />
      </section>
    </div>
  )
}

function FoundFiles() {
  const found = useImport((state) => state.found)
  if (found === null) return <Loading what="settings" rows={3} />
  if (found.length === 0)
    return (
      <p className="small dim" data-testid="import-none">
        No settings of an installed agent in your home folder or in folders used lately.
      </p>
    )
  /** Arrows move between rows as in a list; Enter is the button’s own. */
  const move = (event: KeyboardEvent<HTMLElement>): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('button:not(:disabled)')]
    const at = rows.findIndex((row) => row === document.activeElement)
    rows[at + step]?.focus()
  }
  return (
    <ul className="import-found scroll" onKeyDown={move}>
      {found.map((file) => (
        <li key={file.id}>
          <FoundFile file={file} />
        </li>
      ))}
    </ul>
  )
}

function FoundFile({ file }: { file: SettingsFile }) {
  const { path, format, sizeBytes, refusal } = file
  return (
    <button
      type="button"
      className="folder-row"
      disabled={refusal !== null}
      onClick={() => void readFound(file)}
      data-testid="import-found"
    >
      <span className="import-tool">{FORMAT_NAMES[format]}</span>
      <span className="grow">
        <Path path={path} />
      </span>
      <span className="small faint num">
        {refusal ? `${REFUSAL_WORDS[refusal]}: paste it` : formatBytes(sizeBytes)}
      </span>
    </button>
  )
}
