import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import type { Session } from '../../shared/domain/session.ts'
import type { Command } from '../commands/command.ts'
import { COMMANDS, LIST_KEYS } from '../commands.ts'
import { groupSessions, useSessions } from '../stores/sessions.ts'
import { goTo, setUi } from '../stores/ui.ts'
import { LevelGlyph, StatusMark } from '../ui/badges.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Keys } from '../ui/keys.tsx'
import { List } from '../ui/list.tsx'

const close = (): void => setUi({ overlay: null })

export function CommandPalette() {
  const [commands] = useState(() => COMMANDS.filter((item) => item.when() && item.id !== 'palette'))
  return (
    <Picker
      label="Run a command"
      items={commands}
      keyOf={(command) => command.id}
      wordsOf={(command) => `${command.group} ${command.title}`}
      onPick={(command) => {
        close()
        command.run()
      }}
      render={(command: Command) => (
        <>
          <span className="palette-group faint">{command.group}</span>
          <span className="grow clip">{command.title}</span>
          {command.keys[0] && <Keys chord={command.keys[0]} />}
        </>
      )}
      testId="palette"
    />
  )
}

export function SessionPicker() {
  const byId = useSessions((state) => state.byId)
  const { live, past } = groupSessions(byId)
  return (
    <Picker
      label="Go to session"
      items={[...live, ...past]}
      keyOf={(session) => session.id}
      wordsOf={(session) => `${session.title} ${session.agentName} ${session.spec.workspace}`}
      onPick={(session) => goTo('sessions', session.id)}
      render={(session: Session) => (
        <>
          <StatusMark session={session} />
          <LevelGlyph level={session.spec.level} />
          <span className="grow clip">{session.title}</span>
          <span className="faint small clip">{session.agentName}</span>
        </>
      )}
      testId="session-picker"
    />
  )
}

interface PickerProps<T> {
  readonly label: string
  readonly items: readonly T[]
  readonly keyOf: (item: T) => string
  readonly wordsOf: (item: T) => string
  readonly onPick: (item: T) => void
  readonly render: (item: T) => React.ReactNode
  readonly testId: string
}

/** Type to narrow, arrows to move, Enter to pick; the focus stays in the field. */
function Picker<T>({ label, items, keyOf, wordsOf, onPick, render, testId }: PickerProps<T>) {
  const element = useRef<HTMLDialogElement>(null)
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = items.filter((item) => {
    const haystack = wordsOf(item).toLowerCase()
    return words.every((word) => haystack.includes(word))
  })
  const current = shown[Math.min(at, shown.length - 1)]
  useEffect(() => {
    if (!element.current?.open) element.current?.showModal()
  }, [])
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setAt(Math.min(at + 1, shown.length - 1))
    else if (event.key === 'ArrowUp') setAt(Math.max(at - 1, 0))
    else if (event.key === 'Enter' && current) onPick(current)
    else return
    event.preventDefault()
  }
  return (
    <dialog
      ref={element}
      className="dialog palette"
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault()
        close()
      }}
      onClick={(event) => event.target === element.current && close()}
      data-testid={testId}
    >
      <input
        className="palette-input"
        aria-label={label}
        placeholder={label}
        autoFocus
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setAt(0)
        }}
        onKeyDown={onKey}
        data-testid={`${testId}-input`}
      />
      {shown.length === 0 ? (
        <p className="palette-none dim">Nothing matches.</p>
      ) : (
        <div className="palette-list">
          <List
            label={label}
            items={shown}
            keyOf={keyOf}
            rowHeight={32}
            selected={current ? keyOf(current) : null}
            onSelect={onPick}
            render={(item) => <div className="palette-row">{render(item)}</div>}
            testId={`${testId}-rows`}
          />
        </div>
      )}
    </dialog>
  )
}

export function KeysHelp() {
  const groups = [...new Set(COMMANDS.map((command) => command.group))]
  const withKeys = (group: string): Command[] =>
    COMMANDS.filter(
      (item) => item.group === group && item.keys.length > 0 && !item.id.startsWith('replay.tenth'),
    )
  return (
    <Dialog title="Keys" onClose={close} testId="keys-help">
      <div className="keys-help">
        {groups
          .filter((group) => withKeys(group).length > 0)
          .map((group) => (
            <section key={group} aria-label={group}>
              <h3>{group}</h3>
              <dl>
                {withKeys(group).map((command) => (
                  <KeyRow
                    key={command.id}
                    title={command.title}
                    chords={command.keys.slice(0, 1)}
                  />
                ))}
                {group === 'Replay' && <KeyRow title="Jump to tenths" chords={['0', '9']} />}
              </dl>
            </section>
          ))}
        <section aria-label="Lists">
          <h3>Lists</h3>
          <dl>
            {LIST_KEYS.map(({ title, keys }) => (
              <KeyRow key={title} title={title} chords={keys} />
            ))}
          </dl>
        </section>
      </div>
      <p className="hint">
        While a terminal has the focus, only Ctrl+Shift and Cmd chords are ours. Everything else
        goes to the program inside.
      </p>
    </Dialog>
  )
}

function KeyRow({ title, chords }: { title: string; chords: readonly string[] }) {
  return (
    <div className="key-row">
      <dt>{title}</dt>
      <dd className="row">
        {chords.map((chord) => (
          <Keys key={chord} chord={chord} />
        ))}
      </dd>
    </div>
  )
}
