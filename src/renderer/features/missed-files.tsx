import type { FileNeed } from '../../shared/domain/file-changes.ts'
import { showProcess } from '../stores/show-process.ts'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { AgentText } from '../ui/text.tsx'
import { plural } from '../words/format.ts'

/** What this machine has and the boundary did not let in, as far as programs looked for it. */
export function MissedFiles({ missed }: { missed: readonly FileNeed[] }) {
  return (
    <Disclosure
      title="Looked for in vain"
      summary={plural(missed.length, 'path')}
      testId="missed-files"
    >
      <ul className="missed-files">
        {missed.map((need) => (
          <Missed key={need.path} need={need} />
        ))}
      </ul>
    </Disclosure>
  )
}

function Missed({ need: { path, isFolder, isSecret, reader } }: { need: FileNeed }) {
  const name = useView(({ state }) => (reader ? state.processes.get(reader)?.name : undefined))
  const session = useView(({ state }) => state.session?.id)
  return (
    <li className="row small" data-testid="missed-file">
      <span className="grow mono clip">
        <AgentText text={isFolder ? `${path}/` : path} max={300} bare />
      </span>
      {isSecret && <span className="chip warn">credentials</span>}
      {session && reader && name && (
        <Button small look="quiet" onClick={() => showProcess(session, reader)}>
          <AgentText text={name} max={32} bare />
        </Button>
      )}
    </li>
  )
}
