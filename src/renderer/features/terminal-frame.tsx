import { type ReactNode, useRef, useState } from 'react'
import { isMac, showChord } from '../keys.ts'
import { Button } from '../ui/button.tsx'
import { Confirm } from '../ui/dialog.tsx'
import { AgentText } from '../ui/text.tsx'
import { lookalike } from '../words/punycode.ts'
import { plural } from '../words/format.ts'

interface TerminalFrameProps {
  /** What the program inside calls itself. */
  readonly title: string
  readonly hoveredLink: string | null
  readonly children: ReactNode
  readonly tools?: ReactNode
  readonly isLive: boolean
}

const TITLE_CHARS = 80
const LINK_CHARS = 300

/** Our frame around a program's screen: whatever is inside it, the program drew. */
export function TerminalFrame({ title, hoveredLink, children, tools, isLive }: TerminalFrameProps) {
  return (
    <section className="terminal-frame" aria-label="Terminal" data-testid="terminal-frame">
      <header className="terminal-head">
        <span className="terminal-title">
          {title ? <AgentText text={title} max={TITLE_CHARS} bare /> : 'Terminal'}
        </span>
        {isLive && (
          <span className="terminal-hint">
            {showChord('Mod+Shift+E').join(isMac() ? '' : '+')} leaves the terminal
          </span>
        )}
        {tools}
      </header>
      {children}
      {hoveredLink !== null && (
        <div className="link-note" role="status" data-testid="link-note">
          <span>{isMac() ? '⌘' : 'Ctrl'}+click opens</span>
          <AgentText text={hoveredLink} max={LINK_CHARS} bare />
        </div>
      )}
    </section>
  )
}

export function LinkConfirm({ target, onDone }: { target: string; onDone: () => void }) {
  const { host, href } = new URL(target)
  const seen = lookalike(host.replace(/:\d+$/, ''))
  return (
    <Confirm
      title="Open this link in your browser?"
      confirm="Open link"
      testId="link-confirm"
      onCancel={onDone}
      onConfirm={() => {
        window.open(href, '_blank', 'noopener,noreferrer')
        onDone()
      }}
    >
      <div className="stack">
        <p>
          A program in the session printed it. Your browser is outside of the boundary, so whatever
          the address carries leaves the machine.
        </p>
        <p className="link-target" data-testid="link-target">
          <AgentText text={href} max={1000} />
        </p>
        {seen && (
          <p className="warn-text">
            The name {host} imitates <AgentText text={seen} />.
          </p>
        )}
      </div>
    </Confirm>
  )
}

interface PasteConfirmProps {
  readonly text: string
  readonly onPaste: () => void
  readonly onDone: () => void
}

export function PasteConfirm({ text, onPaste, onDone }: PasteConfirmProps) {
  const lines = text.split(/\r\n|\r|\n/)
  return (
    <Confirm
      title={`Paste ${plural(lines.length, 'line')}?`}
      confirm="Paste"
      testId="paste-confirm"
      onCancel={onDone}
      onConfirm={() => {
        onPaste()
        onDone()
      }}
    >
      <div className="paste-preview scroll">
        {lines.slice(0, 50).map((line, index) => (
          <div key={index}>
            <AgentText text={line} max={400} bare />
          </div>
        ))}
        {lines.length > 50 && (
          <div className="faint">… {plural(lines.length - 50, 'more line')}</div>
        )}
      </div>
    </Confirm>
  )
}

/** A search that takes longer says so. */
const SLOW_MS = 300

interface FindBarProps {
  /** Which of how many it is, or nothing to say; null: there is none. */
  readonly onFind: (text: string, direction: 1 | -1) => Promise<string | null>
  readonly onClose: () => void
}

export function FindBar({ onFind, onClose }: FindBarProps) {
  const [text, setText] = useState('')
  const [found, setFound] = useState<string | null>('')
  /** Only the last search says what it found. */
  const asked = useRef(0)
  const find = async (value: string, direction: 1 | -1): Promise<void> => {
    const number = ++asked.current
    const say = (words: string | null): void => {
      if (number === asked.current) setFound(words)
    }
    if (value === '') return say('')
    const slow = setTimeout(() => say('Searching…'), SLOW_MS)
    await onFind(value, direction).then(say, () => say('Could not search'))
    clearTimeout(slow)
  }
  return (
    <search className="find-bar" data-testid="find-bar">
      <input
        className="input"
        aria-label="Find in the terminal"
        placeholder="Find"
        autoFocus
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          void find(event.target.value, -1)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') void find(text, event.shiftKey ? 1 : -1)
          else if (event.key === 'Escape') onClose()
          else return
          event.preventDefault()
        }}
        data-testid="find-input"
      />
      <span
        className={found === null ? 'warn-text small' : 'faint small num'}
        role="status"
        data-testid="find-state"
      >
        {found ?? 'Not found'}
      </span>
      <Button
        small
        look="quiet"
        icon="up"
        aria-label="Previous match"
        onClick={() => void find(text, -1)}
      />
      <Button small look="quiet" icon="close" aria-label="Close find" onClick={onClose} />
    </search>
  )
}
