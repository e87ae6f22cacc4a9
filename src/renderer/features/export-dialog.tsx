import { useEffect, useMemo, useRef, useState } from 'react'
import type { Session } from '../../shared/domain/session.ts'
import type { ExportFormat } from '../../shared/recording/export-source.ts'
import type { Hit, Hits } from '../../shared/recording/hits.ts'
import {
  homeRedaction,
  KNOWN_SECRETS,
  MOST_WORD,
  type Redaction,
  wordRedaction,
} from '../../shared/recording/redaction.ts'
import { useActive } from '../stores/active.ts'
import { lookFor, prepare, type Prepared, saveAs, type Watch } from '../stores/export.ts'
import { useMachine } from '../stores/machine.ts'
import { Button } from '../ui/button.tsx'
import { type Choice, Segmented } from '../ui/choices.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Select } from '../ui/select.tsx'
import { Failed, Loading } from '../ui/states.tsx'
import { AgentText } from '../ui/text.tsx'
import { formatBytes, formatClock, plural } from '../words/format.ts'

const FORMATS: readonly Choice<ExportFormat>[] = [
  { value: 'html', label: 'One HTML file' },
  { value: 'cast3', label: 'asciicast 3' },
  { value: 'cast2', label: 'asciicast 2' },
  { value: 'jsonl', label: 'JSON lines' },
]
const ABOUT: Readonly<Record<ExportFormat, string>> = {
  html: 'Replays everything in any browser, without a network: all terminals, processes, connections, prompts, and the files that were changed, but no others.',
  cast3: 'One terminal alone, for asciinema 3 and its player. Prompts and refusals become markers.',
  cast2:
    'One terminal alone, for asciinema 2 and every player. Prompts and refusals become markers.',
  jsonl: 'Every event as a line of JSON, then all terminals as text; without what is in files.',
}

type Preparing =
  | { readonly kind: 'loading'; readonly share: number }
  | { readonly kind: 'failed' }
  | { readonly kind: 'ready'; readonly prepared: Prepared }

/** Takes out of a recording what must not leave, and shows it first. */
export function ExportDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const { id, createdAtMs } = session
  const home = useMachine((machine) => machine.info?.home ?? null)
  const known = useMemo(
    () => [...KNOWN_SECRETS, ...(home === null ? [] : [homeRedaction(home)])],
    [home],
  )
  const [round, setRound] = useState(0)
  const [state, setState] = useState<Preparing>({ kind: 'loading', share: 0 })
  useEffect(() => {
    let isOver = false
    // A replay that goes on behind it would take the time from this.
    useActive.getState().replay?.pause()
    const watch: Watch = {
      isGivenUp: () => isOver,
      progress: (share) => !isOver && setState({ kind: 'loading', share }),
    }
    prepare(id, createdAtMs, known, watch).then(
      (prepared) => !isOver && setState({ kind: 'ready', prepared }),
      () => !isOver && setState({ kind: 'failed' }),
    )
    return () => {
      isOver = true
    }
  }, [id, createdAtMs, known, round])
  if (state.kind === 'ready')
    return (
      <ExportForm session={session} known={known} prepared={state.prepared} onClose={onClose} />
    )
  return (
    <Dialog title="Export a recording" onClose={onClose} size="wide" testId="export">
      {state.kind === 'loading' && (
        <>
          <p className="dim num" role="status">
            Looking for secrets: {percent(state.share)}
          </p>
          <Loading what="the recording" rows={6} />
        </>
      )}
      {state.kind === 'failed' && (
        <Failed
          what="The recording"
          retry={() => {
            setState({ kind: 'loading', share: 0 })
            setRound(round + 1)
          }}
        />
      )}
    </Dialog>
  )
}

const percent = (share: number): string => `${Math.floor(share * 100)} %`

interface FormProps {
  readonly session: Session
  readonly known: readonly Redaction[]
  readonly prepared: Prepared
  readonly onClose: () => void
}

function ExportForm({ session, known, prepared, onClose }: FormProps) {
  const [format, setFormat] = useState<ExportFormat>('html')
  /** Of a cast: place among the terminals, the agent's first. */
  const [place, setPlace] = useState(0)
  const { further } = prepared
  const isCast = format === 'cast2' || format === 'cast3'
  const [words, setWords] = useState<readonly Redaction[]>([])
  const [found, setFound] = useState(prepared.found)
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [problem, setProblem] = useState<string | null>(null)
  const { work, share, begin } = useWork()
  const redactions = [...known, ...words]
  const kept = found.filter(({ redaction }) => left.has(redaction.id))
  const save = (): void => {
    const chosen = redactions.filter(({ id }) => !left.has(id))
    setProblem(null)
    begin('Writing', (watch) =>
      saveAs(format, session, prepared, further[place - 1]?.id ?? null, chosen, watch),
    ).then(onClose, (cause: unknown) =>
      setProblem(
        `The file could not be made: ${cause instanceof Error ? cause.message : 'unknown'}. Build Cloche again, or choose another form.`,
      ),
    )
  }
  const addWord = (redaction: Redaction): void => {
    if (words.some(({ id }) => id === redaction.id)) return
    begin('Looking', (watch) => lookFor(prepared, redaction, watch)).then(
      (hits) => {
        setWords([...words, redaction])
        setFound([...found, ...hits])
      },
      () => setProblem('The host did not answer. Add the word again.'),
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
          {work && (
            <span className="grow dim small num" role="status">
              {work}: {percent(share)}
            </span>
          )}
          {kept.length > 0 && !problem && !work && (
            <span className="grow warn-text small" data-testid="export-kept">
              Stays in the file: {kept.map(({ redaction }) => redaction.name).join(', ')}
            </span>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button
            look="primary"
            data-focus-first
            onClick={save}
            disabled={work !== null}
            data-testid="export-save"
          >
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
          {ABOUT[format]}{' '}
          <span className="num">{sizeOf(prepared.sizes(format, place), format)}</span>
        </p>
        {isCast && further.length > 0 && (
          <Select
            label="Terminal"
            value={String(place)}
            choices={Object.fromEntries([
              ['0', 'The agent’s'],
              ...further.map(({ number }, at) => [String(at + 1), `Terminal ${number}`]),
            ])}
            onChange={(chosen) => setPlace(Number(chosen))}
            testId="export-terminal"
          />
        )}
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
        <WordField onAdd={addWord} />
      </div>
    </Dialog>
  )
}

/** A page holds all of itself in memory while it is open. */
const LARGE_PAGE_BYTES = 150_000_000

const sizeOf = (bytes: number, format: ExportFormat): string =>
  `About ${formatBytes(bytes)}.${
    format === 'html' && bytes > LARGE_PAGE_BYTES
      ? ' A browser needs more memory than that to open it.'
      : ''
  }`

/** One piece of work at a time, given up when what shows it goes. */
function useWork() {
  const [work, setWork] = useState<string | null>(null)
  const [share, setShare] = useState(0)
  const isGone = useRef(false)
  useEffect(() => {
    isGone.current = false
    return () => {
      isGone.current = true
    }
  }, [])
  const begin = async <T,>(what: string, run: (watch: Watch) => Promise<T>): Promise<T> => {
    setWork(what)
    setShare(0)
    try {
      return await run({ progress: setShare, isGivenUp: () => isGone.current })
    } finally {
      setWork(null)
    }
  }
  return { work, share, begin }
}

function without(left: ReadonlySet<string>, id: string, isOn: boolean): ReadonlySet<string> {
  const next = new Set(left)
  if (isOn) next.delete(id)
  else next.add(id)
  return next
}

function HitGroup({
  found: { redaction, count, hits },
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
        <span className="num faint">{plural(count, 'place')}</span>
      </summary>
      <ol className="mono small">
        {hits.map((hit, index) => (
          <HitRow key={index} hit={hit} />
        ))}
        {count > hits.length && (
          <li className="faint">and {(count - hits.length).toLocaleString('en')} more</li>
        )}
      </ol>
    </details>
  )
}

function HitRow({ hit: { place, atMs, before, match, after } }: { hit: Hit }) {
  return (
    <li className="clip">
      <span className="faint num hit-place">
        {typeof place === 'number' ? `terminal ${place}` : place}
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
        maxLength={MOST_WORD}
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
