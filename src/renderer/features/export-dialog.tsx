import { useEffect, useMemo, useState } from 'react'
import type { Session } from '../../shared/domain/session.ts'
import type { RecordingBundle } from '../../shared/recording/bundle.ts'
import {
  homeRedaction,
  KNOWN_SECRETS,
  type Redaction,
  wordRedaction,
} from '../../shared/recording/redaction.ts'
import {
  type Hit,
  type Hits,
  hitsIn,
  redactBundle,
} from '../../shared/recording/redacted-bundle.ts'
import { collect, type ExportFormat, saveAs } from '../stores/export.ts'
import { useMachine } from '../stores/machine.ts'
import { hostSource } from '../stores/recording-source.ts'
import { Button } from '../ui/button.tsx'
import { type Choice, Segmented } from '../ui/choices.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Failed, Loading } from '../ui/states.tsx'
import { AgentText } from '../ui/text.tsx'
import { formatClock, plural } from '../words/format.ts'

const FORMATS: readonly Choice<ExportFormat>[] = [
  { value: 'html', label: 'One HTML file' },
  { value: 'cast3', label: 'asciicast 3' },
  { value: 'cast2', label: 'asciicast 2' },
  { value: 'jsonl', label: 'JSON lines' },
]
const ABOUT: Readonly<Record<ExportFormat, string>> = {
  html: 'Replays everything in any browser, without a network: terminal, processes, connections, prompts and files.',
  cast3: 'The terminal alone, for asciinema 3 and its player. Prompts and refusals become markers.',
  cast2:
    'The terminal alone, for asciinema 2 and every player. Prompts and refusals become markers.',
  jsonl: 'Every event as a line of JSON, without the terminal and without what is in files.',
}

type Collected =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'ready'; readonly bundle: RecordingBundle }

/** Takes out of a recording what must not leave, and shows all of it first. */
export function ExportDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const [round, setRound] = useState(0)
  const [collected, setCollected] = useState<Collected>({ kind: 'loading' })
  useEffect(() => {
    let isOver = false
    collect(hostSource(session.id), () => isOver).then(
      (bundle) => !isOver && setCollected({ kind: 'ready', bundle }),
      () => !isOver && setCollected({ kind: 'failed' }),
    )
    return () => {
      isOver = true
    }
  }, [session.id, round])
  if (collected.kind === 'ready') return <ExportForm bundle={collected.bundle} onClose={onClose} />
  return (
    <Dialog title="Export a recording" onClose={onClose} size="wide" testId="export">
      {collected.kind === 'loading' && <Loading what="the recording" rows={6} />}
      {collected.kind === 'failed' && (
        <Failed
          what="The recording"
          retry={() => {
            setCollected({ kind: 'loading' })
            setRound(round + 1)
          }}
        />
      )}
    </Dialog>
  )
}

interface FormProps {
  readonly bundle: RecordingBundle
  readonly onClose: () => void
}

function ExportForm({ bundle, onClose }: FormProps) {
  const home = useMachine((machine) => machine.info?.home ?? null)
  const [format, setFormat] = useState<ExportFormat>('html')
  const [words, setWords] = useState<readonly Redaction[]>([])
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [problem, setProblem] = useState<string | null>(null)
  const redactions = useMemo(
    () => [...KNOWN_SECRETS, ...(home === null ? [] : [homeRedaction(home)]), ...words],
    [home, words],
  )
  const found = useMemo(() => hitsIn(bundle, redactions), [bundle, redactions])
  const chosen = redactions.filter(({ id }) => !left.has(id))
  const kept = found.filter(({ redaction }) => left.has(redaction.id))
  const save = (): void => {
    saveAs(format, redactBundle(bundle, chosen, found)).then(onClose, (cause: unknown) =>
      setProblem(
        `The file could not be made: ${cause instanceof Error ? cause.message : 'unknown'}. Build Cloche again, or choose another form.`,
      ),
    )
  }
  return (
    <Dialog
      title="Export a recording"
      onClose={onClose}
      size="wide"
      testId="export"
      foot={
        <>
          {problem && (
            <span className="grow warn-text small" role="alert">
              {problem}
            </span>
          )}
          {kept.length > 0 && !problem && (
            <span className="grow warn-text small" data-testid="export-kept">
              Stays in the file: {kept.map(({ redaction }) => redaction.name).join(', ')}
            </span>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" data-focus-first onClick={save} data-testid="export-save">
            Save file
          </Button>
        </>
      }
    >
      <div className="export">
        <Segmented
          label="Form"
          value={format}
          choices={FORMATS}
          onChange={setFormat}
          testId="export-format"
        />
        <p className="dim">
          {ABOUT[format]}
          {bundle.events.some(({ fact }) => fact.type === 'terminal/opened') &&
            ' Of its terminals the agent’s: the output of the others stays here.'}
        </p>
        <h2>Taken out</h2>
        <p className="dim small">
          Values that were let into the session are not in the recording at all. What is found
          besides is replaced by as many stars.
        </p>
        {found.length === 0 && (
          <p data-testid="export-nothing">Nothing was found that looks like a secret.</p>
        )}
        {found.map((item) => (
          <HitGroup
            key={item.redaction.id}
            found={item}
            isOn={!left.has(item.redaction.id)}
            onChange={(isOn) => setLeft(without(left, item.redaction.id, isOn))}
          />
        ))}
        <WordField
          onAdd={(redaction) =>
            setWords([...words.filter(({ id }) => id !== redaction.id), redaction])
          }
        />
      </div>
    </Dialog>
  )
}

function without(left: ReadonlySet<string>, id: string, isOn: boolean): ReadonlySet<string> {
  const next = new Set(left)
  if (isOn) next.delete(id)
  else next.add(id)
  return next
}

/** More are counted, and taken out, but nobody reads them. */
const MOST_SHOWN = 200

function HitGroup({
  found: { redaction, hits },
  isOn,
  onChange,
}: {
  found: Hits
  isOn: boolean
  onChange: (isOn: boolean) => void
}) {
  return (
    <details className="hits" data-testid="export-hits" data-redaction={redaction.id}>
      <summary>
        <input
          type="checkbox"
          checked={isOn}
          aria-label={`Take out: ${redaction.name}`}
          onChange={(event) => onChange(event.target.checked)}
          onClick={(event) => event.stopPropagation()}
        />
        <span className="grow">{redaction.name}</span>
        <span className="num faint">{plural(hits.length, 'place')}</span>
      </summary>
      <ol className="mono small">
        {hits.slice(0, MOST_SHOWN).map((hit, index) => (
          <HitRow key={index} hit={hit} />
        ))}
        {hits.length > MOST_SHOWN && (
          <li className="faint">and {(hits.length - MOST_SHOWN).toLocaleString('en')} more</li>
        )}
      </ol>
    </details>
  )
}

function HitRow({ hit: { place, atMs, before, match, after } }: { hit: Hit }) {
  return (
    <li className="clip">
      <span className="faint num hit-place">
        {place}
        {atMs !== null && ` ${formatClock(atMs)}`}
      </span>
      <AgentText text={inOneLine(before)} max={40} bare />
      <mark>
        <AgentText text={match} max={120} bare />
      </mark>
      <AgentText text={inOneLine(after)} max={40} bare />
    </li>
  )
}

const inOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ')

function WordField({ onAdd }: { onAdd: (redaction: Redaction) => void }) {
  const [word, setWord] = useState('')
  const [isShort, setShort] = useState(false)
  const add = (): void => {
    const redaction = wordRedaction(word)
    setShort(!redaction)
    if (!redaction) return
    onAdd(redaction)
    setWord('')
  }
  return (
    <div className="row">
      <input
        className="input grow"
        aria-label="Another word to take out"
        placeholder="Another word: a name, a customer, a host"
        value={word}
        onChange={(event) => setWord(event.target.value)}
        onKeyDown={(event) => event.key === 'Enter' && add()}
        data-testid="export-word"
      />
      <Button onClick={add}>Take out</Button>
      {isShort && <span className="warn-text small">At least three letters.</span>}
    </div>
  )
}
