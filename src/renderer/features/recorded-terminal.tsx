import '@xterm/xterm/css/xterm.css'
import { useEffect, useRef, useState } from 'react'
import { nearest } from '../../shared/recording/readable-text.ts'
import { activate } from '../stores/active.ts'
import type { RecordedLog } from '../stores/recorded-log.ts'
import { copyText } from '../ui/copy.tsx'
import { FindBar, LinkConfirm, TerminalFrame } from './terminal-frame.tsx'
import { createTerminalPlayer } from './terminal-player.ts'
import { createTerminal, type TerminalParts } from './terminal-setup.ts'

interface RecordedTerminalProps {
  readonly log: RecordedLog
  /** Calls back with every new playhead until the returned function is called. */
  readonly follow: (show: (monoMs: number) => void) => () => void
  /** Goes to a moment; absent: it stands at its end, and only what is on its screen is found. */
  readonly seek?: (atMs: number) => void
}

const HIGHLIGHT_MS = 150

/** A recorded terminal at a moment. Nothing typed here goes anywhere. */
export function RecordedTerminal({ log, follow, seek }: RecordedTerminalProps) {
  const box = useRef<HTMLDivElement>(null)
  const parts = useRef<TerminalParts | null>(null)
  const [title, setTitle] = useState('')
  const [link, setLink] = useState<string | null>(null)
  const [opening, setOpening] = useState<string | null>(null)
  const [isFinding, setFinding] = useState(false)
  const [isDamaged, setDamaged] = useState(log.index.damage === 'damaged')
  const find = useFind(log)
  /** Where the search goes on from. */
  const wanted = useRef(Infinity)

  useEffect(() => {
    const created = createTerminal(box.current!, {
      onHover: setLink,
      onOpen: setOpening,
      onTitle: setTitle,
    })
    const { terminal } = created
    parts.current = created
    terminal.options.disableStdin = true
    terminal.options.cursorBlink = false
    const stopFitting = fitFont(created, box.current!)
    const player = createTerminalPlayer(terminal, log, { damaged: () => setDamaged(true) })
    const unfollow = follow((monoMs) => {
      wanted.current = monoMs
      player.seek(monoMs)
    })
    const deactivate = activate('terminal', {
      focus: () => terminal.focus(),
      leave: () => document.querySelector<HTMLElement>('[data-after-terminal]')?.focus(),
      openFind: () => setFinding(true),
      copy: () => void copyText(terminal.getSelection()),
      selectAll: () => terminal.selectAll(),
      clear: () => undefined,
    })
    return () => {
      deactivate()
      unfollow()
      player.dispose()
      stopFitting()
      created.dispose()
      parts.current = null
    }
  }, [log, follow])

  return (
    <TerminalFrame title={title} hoveredLink={link} isLive={false}>
      {isFinding && (
        <FindBar
          onFind={async (text, direction) => {
            const screen = (): TerminalParts['search'] | undefined => parts.current?.search
            if (!seek) {
              const found = direction > 0 ? screen()?.findNext(text) : screen()?.findPrevious(text)
              return found ? '' : null
            }
            const times = await find(text)
            if (!times) return ''
            const match = nearest(times, wanted.current, direction)
            if (!match) return null
            wanted.current = match.atMs
            seek(match.atMs)
            // What it is found in is drawn a moment later.
            setTimeout(() => screen()?.findPrevious(text), HIGHLIGHT_MS)
            return `${match.number} of ${match.count}`
          }}
          onClose={() => setFinding(false)}
        />
      )}
      <div ref={box} className="terminal-box recorded scroll" data-testid="recorded-terminal" />
      {isDamaged && (
        <p className="terminal-damage" role="status">
          The recording of this terminal is damaged here; what follows could not be read.
        </p>
      )}
      {opening && <LinkConfirm target={opening} onDone={() => setOpening(null)} />}
    </TerminalFrame>
  )
}

/** When words were written: looked for once, on the host; null: others are wanted meanwhile. */
function useFind(log: RecordedLog): (words: string) => Promise<readonly number[] | null> {
  const last = useRef<{ words: string; times: Promise<readonly number[]> } | null>(null)
  return async (words) => {
    if (last.current?.words !== words) {
      const times = log.find(words, () => last.current?.times !== times)
      last.current = { words, times }
    }
    const asked = last.current
    try {
      return await asked.times
    } catch (cause) {
      if (last.current !== asked) return null
      last.current = null
      throw cause
    }
  }
}

const MAX_FONT = 13
/** Below it nothing can be read; then the frame scrolls. */
const MIN_FONT = 9

/** The recorded size is what it is: the letters shrink until all of it is in view. */
function fitFont({ terminal, fit }: TerminalParts, box: HTMLElement): () => void {
  const refit = (): void => {
    const room = fit.proposeDimensions()
    if (!room || box.clientWidth === 0) return
    const font = terminal.options.fontSize ?? MAX_FONT
    const share = Math.min(room.cols / terminal.cols, room.rows / terminal.rows)
    // Half sizes, rounded down, so that the next look finds nothing to change.
    const wanted = Math.min(MAX_FONT, Math.max(MIN_FONT, Math.floor(font * share * 2) / 2))
    if (wanted < font || wanted > font + 0.5) terminal.options.fontSize = wanted
  }
  const observer = new ResizeObserver(refit)
  observer.observe(box)
  const resized = terminal.onResize(refit)
  return () => {
    observer.disconnect()
    resized.dispose()
  }
}
