import { useCallback, useEffect, useRef, useState } from 'react'
import type { Folder } from '../../shared/contract/api.ts'
import { currentConnection } from '../connection.ts'
import { useMachine } from '../stores/machine.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { List } from '../ui/list.tsx'
import { Path } from '../ui/text.tsx'
import { FOLDER_ERRORS } from '../words/outcomes.ts'
import { revealText } from '../words/reveal.ts'

interface FolderBrowserProps {
  /** Opened first; empty: the home folder. */
  readonly start: string
  readonly onChange: (path: string) => void
}

/** Picks a folder of the machine, the same in both shells. */
export function FolderBrowser({ start, onChange }: FolderBrowserProps) {
  const recent = useMachine((machine) => machine.info?.recentWorkspaces ?? null)
  const [folder, setFolder] = useState<Folder | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [typed, setTyped] = useState(start)
  const [selected, setSelected] = useState<string | null>(null)

  const open = useCallback(
    async (path: string | null): Promise<void> => {
      try {
        const listed = await currentConnection()?.api.system.folder(path)
        if (!listed) return setProblem('The host is not connected.')
        if (!listed.ok) return setProblem(FOLDER_ERRORS[listed.error.type])
        setProblem(null)
        setFolder(listed.value)
        setTyped(listed.value.path)
        setSelected(null)
        onChange(listed.value.path)
      } catch {
        setProblem('The folder could not be listed. The host’s log has the reason.')
      }
    },
    [onChange],
  )
  // Once: afterwards the person leads.
  const first = useRef({ start, open })
  useEffect(() => {
    const { start: path, open: openFirst } = first.current
    const timer = setTimeout(() => void openFirst(path || null), 0)
    return () => clearTimeout(timer)
  }, [])

  return (
    <div className="folder-browser" data-testid="folder-browser">
      <div className="row">
        <Button
          icon="up"
          aria-label="Parent folder"
          disabled={!folder?.parent}
          onClick={() => void open(folder?.parent ?? null)}
          data-testid="folder-up"
        />
        <input
          className="input mono"
          aria-label="Folder"
          aria-invalid={problem !== null}
          spellCheck={false}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value)
            onChange(event.target.value)
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return
            event.preventDefault()
            void open(typed)
          }}
          onBlur={() => typed !== folder?.path && void open(typed)}
          data-testid="folder-path"
        />
      </div>
      <div className="folder-columns">
        {recent && recent.length > 0 && (
          <div className="folder-recent">
            <h3>Recent</h3>
            <ul>
              {recent.slice(0, 6).map((path) => (
                <li key={path}>
                  <button
                    type="button"
                    className="folder-row"
                    aria-current={path === folder?.path}
                    onClick={() => void open(path)}
                    data-testid="folder-recent"
                  >
                    <Icon name="folder" />
                    <Path path={path} />
                  </button>
                </li>
              ))}
            </ul>
          </div>
        )}
        <div className="folder-children">
          <h3>Folders in it</h3>
          {folder && folder.folders.length === 0 ? (
            <p className="faint small folder-none">No folders inside.</p>
          ) : (
            <List
              label="Folders"
              items={folder?.folders ?? []}
              keyOf={(item) => item.path}
              rowHeight={28}
              selected={selected}
              onSelect={(item) => setSelected(item.path)}
              onOpen={(item) => void open(item.path)}
              render={(item) => (
                <span className="folder-row" data-testid="folder-row" data-name={item.name}>
                  <Icon name="folder" />
                  <span className="clip mono">{revealText(item.name, 255)}</span>
                </span>
              )}
              testId="folder-rows"
            />
          )}
        </div>
      </div>
      {/* One place for both: nothing may move between pressing and releasing on a button below. */}
      {problem ? (
        <p className="error-text small" role="alert" data-testid="folder-problem">
          {problem}
        </p>
      ) : (
        <p className="hint">
          Double-click or Enter opens a folder. The folder named above is used.
        </p>
      )}
    </div>
  )
}
