import type { ReactNode } from 'react'
import { setUi } from '../stores/ui.ts'
import { Button } from '../ui/button.tsx'
import { AgentText } from '../ui/text.tsx'

/** What became of a file, by the letter that stands before its name. `kind` gives the colour. */
export function FileLetter({ kind, name, letter }: { kind: string; name: string; letter: string }) {
  return (
    <span className={`fate ${kind}`} title={name}>
      {letter}
    </span>
  )
}

/** The name stands out from the folders before it. */
export function FilePath({ path }: { path: string }) {
  const cut = path.lastIndexOf('/') + 1
  return (
    <span className="path mono" title={path}>
      {cut > 0 && (
        <span className="faint">
          <AgentText text={path.slice(0, cut)} max={400} bare />
        </span>
      )}
      <span>
        <AgentText text={path.slice(cut)} max={200} bare />
      </span>
    </span>
  )
}

/** What is known of the chosen file (`children`: rows of a list), and the way to its content. */
export function FileFacts({
  path,
  open,
  children,
}: {
  path: string
  open: string
  children: ReactNode
}) {
  return (
    <section className="details" aria-label="File details" data-testid="file-details">
      <p className="mono host-name">
        <AgentText text={path} max={400} bare />
      </p>
      <dl className="facts">{children}</dl>
      <Button small icon="file" onClick={() => setUi({ file: path })}>
        {open}
      </Button>
    </section>
  )
}
