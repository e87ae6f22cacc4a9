import { useMachine } from '../stores/machine.ts'
import { shortenHome } from '../words/format.ts'
import { reveal } from '../words/reveal.ts'

interface AgentTextProps {
  readonly text: string
  readonly max?: number
  /** Without the quoting background, where a whole column is agent text. */
  readonly bare?: boolean
}

/** Text a program inside chose: quoted, capped, everything hidden in it made visible. */
export function AgentText({ text, max = 200, bare = false }: AgentTextProps) {
  const { segments, hidden } = reveal(text, max)
  return (
    <bdi className={bare ? 'agent-text bare' : 'agent-text'}>
      {segments.map((segment, index) =>
        segment.kind === 'escape' ? (
          <span key={index} className="escape">
            {segment.text}
          </span>
        ) : (
          segment.text
        ),
      )}
      {text === '' && <span className="faint">(empty)</span>}
      {hidden > 0 && <span className="faint"> … {hidden.toLocaleString('en')} more</span>}
    </bdi>
  )
}

/** Elided in the middle, so that the folder's own name stays. */
export function Path({ path }: { path: string }) {
  const home = useMachine((machine) => machine.info?.home ?? null)
  const shown = shortenHome(path, home)
  const cut = Math.max(0, shown.lastIndexOf('/', shown.length - 2))
  return (
    <span className="path" title={path}>
      <span>{shown.slice(0, cut)}</span>
      <span>{shown.slice(cut)}</span>
    </span>
  )
}
