import '@xterm/xterm/css/xterm.css'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import type { Connection, RemoteTerminal, RemoteTerminalViewer } from '../../shared/rpc/client.ts'
import { useConnection } from '../connection.ts'
import { matchesChord } from '../keys.ts'
import { activate } from '../stores/active.ts'
import { copyText } from '../ui/copy.tsx'
import { FindBar, LinkConfirm, PasteConfirm, TerminalFrame } from './terminal-frame.tsx'
import { createTerminal, type TerminalParts } from './terminal-setup.ts'

interface LiveTerminalProps {
  readonly sessionId: SessionId
  /** A further one of the session; null: the agent's. */
  readonly terminal: TerminalId | null
  readonly tools: ReactNode
}

/** A terminal of a running session. Its bytes go from the connection to xterm and back. */
export function LiveTerminal({ sessionId, terminal, tools }: LiveTerminalProps) {
  const state = useConnection()
  const box = useRef<HTMLDivElement>(null)
  const parts = useRef<TerminalParts | null>(null)
  const remote = useRef<RemoteTerminal | null>(null)
  const [title, setTitle] = useState('')
  const [link, setLink] = useState<string | null>(null)
  const [opening, setOpening] = useState<string | null>(null)
  const [pasting, setPasting] = useState<string | null>(null)
  const [isFinding, setFinding] = useState(false)

  useEffect(() => {
    const created = createTerminal(box.current!, {
      onHover: setLink,
      onOpen: setOpening,
      onTitle: setTitle,
    })
    parts.current = created
    const { terminal: screen, fit } = created
    const encoder = new TextEncoder()
    screen.onData((data) => remote.current?.write(encoder.encode(data)))
    screen.onBinary((data) => remote.current?.write(Uint8Array.from(data, (c) => c.charCodeAt(0))))
    screen.attachCustomKeyEventHandler(isForTheProgram)
    const refit = new ResizeObserver(() => {
      const size = fit.proposeDimensions()
      if (size && size.cols > 1 && size.rows > 1 && isVisible(box.current)) {
        screen.resize(size.cols, size.rows)
        remote.current?.resize(size)
      }
    })
    refit.observe(box.current!)
    const deactivate = activate('terminal', {
      focus: () => screen.focus(),
      leave: () => document.querySelector<HTMLElement>('[data-after-terminal]')?.focus(),
      openFind: () => setFinding(true),
      copy: () => void copyText(screen.getSelection()),
      selectAll: () => screen.selectAll(),
      clear: () => screen.clear(),
    })
    screen.focus()
    return () => {
      deactivate()
      refit.disconnect()
      created.dispose()
      parts.current = null
    }
  }, [sessionId])

  const connection = state.type === 'connected' ? state.connection : null
  useEffect(() => {
    if (!connection || !parts.current) return
    const attached = attach(connection, sessionId, terminal, parts.current)
    remote.current = attached
    return () => {
      remote.current = null
      attached.close()
    }
  }, [connection, sessionId, terminal])

  return (
    <TerminalFrame title={title} hoveredLink={link} tools={tools} isLive>
      {isFinding && (
        <FindBar
          onFind={(text, direction) => {
            const { search } = parts.current!
            const found = direction > 0 ? search.findNext(text) : search.findPrevious(text)
            return Promise.resolve(found ? '' : null)
          }}
          onClose={() => {
            setFinding(false)
            parts.current?.terminal.focus()
          }}
        />
      )}
      <div
        ref={box}
        className="terminal-box"
        data-testid="terminal"
        onPasteCapture={(event) => {
          const text = event.clipboardData.getData('text/plain')
          if (!/[\r\n]/.test(text.trimEnd())) return
          event.preventDefault()
          event.stopPropagation()
          setPasting(text)
        }}
      />
      {opening && <LinkConfirm target={opening} onDone={() => setOpening(null)} />}
      {pasting !== null && (
        <PasteConfirm
          text={pasting}
          onPaste={() => parts.current?.terminal.paste(pasting)}
          onDone={() => {
            setPasting(null)
            requestAnimationFrame(() => parts.current?.terminal.focus())
          }}
        />
      )}
    </TerminalFrame>
  )
}

/** Attaches one viewer: first the exact screen, then bytes as they come, each reported when drawn. */
function attach(
  connection: Connection,
  sessionId: SessionId,
  further: TerminalId | null,
  { terminal, fit }: TerminalParts,
): RemoteTerminal {
  const size = fit.proposeDimensions() ?? { cols: terminal.cols, rows: terminal.rows }
  const viewer: RemoteTerminalViewer = {
    screen: (offset, { cols, rows }, bytes) => {
      terminal.reset()
      terminal.resize(cols, rows)
      terminal.write(bytes, () => remote.drawn(offset))
    },
    output: (offset, bytes) => {
      terminal.write(bytes, () => remote.drawn(offset + bytes.length))
    },
    resized: ({ cols, rows }) => terminal.resize(cols, rows),
    closed: () => undefined,
  }
  const remote = connection.openTerminal(sessionId, size, viewer, further)
  return remote
}

/** Copy and paste are the browser's; every other chord of ours was taken before it came here. */
function isForTheProgram(event: KeyboardEvent): boolean {
  return !(
    matchesChord(event, 'Mod+Shift+V') ||
    matchesChord(event, 'Mod+Shift+C') ||
    (event.metaKey && event.key.toLowerCase() === 'v')
  )
}

const isVisible = (element: HTMLElement | null): boolean =>
  element !== null && element.clientWidth > 0 && element.clientHeight > 0
