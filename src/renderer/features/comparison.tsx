import { type ReactNode, useMemo, useState } from 'react'
import type { FileContent } from '../../shared/domain/file-changes.ts'
import {
  type HostUse,
  isSameContent,
  isSameRun,
  isSameUse,
  type Pair,
  pairsOf,
} from '../../shared/recording/compare.ts'
import { endComparison, type Side } from '../stores/comparison.ts'
import { useSessions } from '../stores/sessions.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { AgentText } from '../ui/text.tsx'
import { formatBytes, formatDate, formatDuration, plural } from '../words/format.ts'
import { LEVEL_NAMES } from '../words/isolation.ts'
import { ContentDiff } from './content-diff.tsx'

/** Two recordings of one task: what did one do that the other did not? */
export function Comparison({ sides: [a, b] }: { sides: readonly [a: Side, b: Side] }) {
  const [isAll, setAll] = useState(false)
  const [file, setFile] = useState<Pair<FileContent> | null>(null)
  const programs = useMemo(() => pairsOf(a.outline.programs, b.outline.programs, isSameRun), [a, b])
  const hosts = useMemo(() => pairsOf(a.outline.hosts, b.outline.hosts, isSameUse), [a, b])
  const files = useMemo(() => pairsOf(a.outline.files, b.outline.files, isSameContent), [a, b])
  return (
    <section className="page" aria-labelledby="comparison-title" data-testid="comparison">
      <header className="page-head with-actions">
        <div className="grow">
          <h1 id="comparison-title">Two recordings</h1>
          <p className="dim">What one did and the other did not.</p>
        </div>
        <label className="check compact">
          <input
            type="checkbox"
            checked={isAll}
            onChange={(event) => setAll(event.target.checked)}
            data-testid="comparison-all"
          />
          Also what is the same
        </label>
        <Button icon="close" onClick={endComparison} data-testid="comparison-close">
          Close
        </Button>
      </header>
      <div className="comparison scroll">
        <table>
          <thead>
            <tr>
              <td />
              <SideHead side={a} />
              <SideHead side={b} />
            </tr>
          </thead>
          <Summary a={a} b={b} />
          <Group title="Programs" pairs={programs} isAll={isAll} render={wordsOfRuns} />
          <Group title="Hosts" pairs={hosts} isAll={isAll} render={wordsOfUse} />
          <Group
            title="Files"
            pairs={files}
            isAll={isAll}
            render={wordsOfContent}
            onOpen={(pair) => setFile(pair)}
          />
        </table>
      </div>
      {file && (
        <Dialog
          title="The same file in both"
          size="wide"
          onClose={() => setFile(null)}
          testId="comparison-file"
        >
          <div className="file-diff alone">
            <p className="mono file-diff-path">
              <AgentText text={file.key} max={400} bare />
            </p>
            <ContentDiff
              before={{ content: file.a ?? ABSENT, source: a.source }}
              after={{ content: file.b ?? ABSENT, source: b.source }}
            />
          </div>
        </Dialog>
      )}
    </section>
  )
}

const ABSENT: FileContent = { kind: 'absent' }

function SideHead({ side }: { side: Side }) {
  const session = useSessions((state) => state.byId.get(side.id))
  return (
    <th scope="col">
      <span className="clip">
        {session ? <AgentText text={session.title} max={80} bare /> : side.id}
      </span>
      {session && <span className="small faint num">{formatDate(session.createdAtMs)}</span>}
    </th>
  )
}

function Summary({ a, b }: { a: Side; b: Side }) {
  const rows: readonly (readonly [string, (side: Side) => string])[] = [
    ['Isolation', ({ outline }) => (outline.level ? LEVEL_NAMES[outline.level] : 'Not known')],
    ['Length', ({ outline }) => formatDuration(outline.durationMs)],
    ['Output', ({ outline }) => formatBytes(outline.terminalBytes)],
    ['Prompts', ({ outline }) => String(outline.prompts)],
    ['Programs', ({ outline }) => plural(outline.programs.size, 'command line')],
    ['Hosts', ({ outline }) => String(outline.hosts.size)],
    ['Changed files', ({ outline }) => String(outline.files.size)],
  ]
  return (
    <tbody>
      {rows.map(([name, words]) => (
        <tr key={name}>
          <th scope="row">{name}</th>
          <td className="num">{words(a)}</td>
          <td className="num">{words(b)}</td>
        </tr>
      ))}
    </tbody>
  )
}

/** More are counted; a person narrows it down by the recordings themselves. */
const MOST_ROWS = 500

interface GroupProps<T> {
  readonly title: string
  readonly pairs: readonly Pair<T>[]
  readonly isAll: boolean
  readonly render: (value: T) => ReactNode
  readonly onOpen?: (pair: Pair<T>) => void
}

function Group<T>({ title, pairs, isAll, render, onOpen }: GroupProps<T>) {
  const shown = isAll ? pairs : pairs.filter(({ isSame }) => !isSame)
  const same = pairs.filter(({ isSame }) => isSame).length
  return (
    <tbody data-testid={`comparison-${title.toLowerCase()}`}>
      <tr className="comparison-head">
        <th scope="rowgroup" colSpan={3}>
          {title}{' '}
          <span className="faint small num">
            {pairs.length - same} different, {same} the same
          </span>
        </th>
      </tr>
      {shown.slice(0, MOST_ROWS).map((pair) => (
        <tr key={pair.key} className={pair.isSame ? 'same' : 'differs'}>
          <th scope="row" className="mono">
            {onOpen ? (
              <button type="button" className="link" onClick={() => onOpen(pair)}>
                <AgentText text={pair.key} max={160} bare />
              </button>
            ) : (
              <AgentText text={pair.key} max={160} bare />
            )}
          </th>
          {[pair.a, pair.b].map((value, index) => (
            <td key={index} className={value === null ? 'faint num' : 'num'}>
              {value === null ? 'Not there' : render(value)}
            </td>
          ))}
        </tr>
      ))}
      {shown.length > MOST_ROWS && (
        <tr>
          <td colSpan={3} className="faint">
            {(shown.length - MOST_ROWS).toLocaleString('en')} more
          </td>
        </tr>
      )}
    </tbody>
  )
}

const wordsOfRuns = ({ runs, failed }: { runs: number; failed: number }): string =>
  failed === 0 ? plural(runs, 'run') : `${plural(runs, 'run')}, ${failed} failed`

function wordsOfUse({ allowed, refused, bytes }: HostUse): string {
  const parts = [
    ...(allowed > 0 ? [`${allowed} allowed`] : []),
    ...(refused > 0 ? [`${refused} refused`] : []),
    ...(bytes > 0 ? [formatBytes(bytes)] : []),
  ]
  return parts.join(', ') || 'Not decided'
}

function wordsOfContent(content: FileContent): string {
  if (content.kind === 'absent') return 'Removed'
  return content.kind === 'unknown' ? 'Not known' : formatBytes(content.bytes)
}
