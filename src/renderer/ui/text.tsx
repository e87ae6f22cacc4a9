import { useMachine } from '../stores/machine.ts'
import { shortenHome } from '../words/format.ts'
import { reveal, type Revealed } from '../words/reveal.ts'

interface AgentTextProps {
  readonly text: string
  readonly max?: number
  /** Without the quoting background, where a whole column is agent text. */
  readonly bare?: boolean
}

/** Text a program inside chose: quoted, capped, everything hidden in it made visible. */
export function AgentText({ text, max = 200, bare = false }: AgentTextProps) {
  return (
    <bdi className={bare ? 'agent-text bare' : 'agent-text'}>
      <Segments revealed={reveal(text, max)} />
      {text === '' && <span className="faint">(empty)</span>}
    </bdi>
  )
}

/** A sentence of ours that holds a name somebody else chose. */
export const RevealedText = ({ text, max }: { text: string; max: number }) => (
  <bdi className="revealed">
    <Segments revealed={reveal(text, max)} />
  </bdi>
)

function Segments({ revealed: { segments, hidden } }: { revealed: Revealed }) {
  return (
    <>
      {segments.map((segment, index) =>
        segment.kind === 'escape' ? (
          <span key={index} className="escape">
            {segment.text}
          </span>
        ) : (
          segment.text
        ),
      )}
      {hidden > 0 && <span className="faint"> … {hidden.toLocaleString('en')} more</span>}
    </>
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
