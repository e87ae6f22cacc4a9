import { useEffect, useMemo, useState } from 'react'
import type { SessionState } from '../../shared/projection.ts'
import { WORKSPACE_POLICY } from '../../shared/domain/policy-file.ts'
import {
  hasLearned,
  type ProposedLine,
  proposePolicy,
  textOfPolicy,
} from '../../shared/propose-policy.ts'
import { useMachine } from '../stores/machine.ts'
import { lookForPolicy, savePolicy, useWorkspacePolicy } from '../stores/workspace-policy.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { AgentText } from '../ui/text.tsx'

const KEYS: Readonly<Record<ProposedLine['key'], string>> = {
  level: 'At least',
  network: 'Network',
  allow: 'Reach',
  deny: 'Never reach',
  files: 'Only read',
  maskSecrets: 'Secrets look empty',
}

/** What a session did, as a policy that would have held it to that; chosen, changed and saved by a person. */
export function ProposePolicyDialog({
  state,
  onClose,
}: {
  state: SessionState
  onClose: () => void
}) {
  const workspace = state.session?.spec.workspace ?? ''
  const home = useMachine(({ info }) => info?.home ?? null)
  const proposed = useMemo(() => proposePolicy(state, home), [state, home])
  const [lines, setLines] = useState(proposed)
  /** null: as the lines say. */
  const [written, setWritten] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const known = useWorkspacePolicy(({ workspace: of, found }) => (of === workspace ? found : null))
  useEffect(() => {
    void lookForPolicy(workspace)
  }, [workspace])
  const text = written ?? textOfPolicy(lines)
  const toggle = (line: ProposedLine): void => {
    setWritten(null)
    setLines(lines.map((each) => (each === line ? { ...each, isOn: !each.isOn } : each)))
  }
  const save = async (): Promise<void> => {
    const failed = await savePolicy(workspace, text, known?.hash ?? null)
    setProblem(failed)
    if (!failed) onClose()
  }
  return (
    <Dialog
      title="A policy from what it did"
      onClose={onClose}
      size="wide"
      testId="propose-policy"
      foot={
        <>
          <span
            className={problem ? 'grow field-problem' : 'grow small dim'}
            role={problem ? 'alert' : undefined}
            data-testid="propose-problem"
          >
            {problem ??
              (known
                ? `${WORKSPACE_POLICY} is there already, and would be replaced.`
                : `Saved as ${WORKSPACE_POLICY}, in force for every session of the folder from then on.`)}
          </span>
          <Button onClick={onClose} data-focus-first>
            Cancel
          </Button>
          <Button look="primary" onClick={() => void save()} data-testid="propose-save">
            {known ? 'Replace it' : 'Save'}
          </Button>
        </>
      }
    >
      <div className="stack policy-part">
        <p className="small dim">
          The narrowest that would have let it do what it did: hosts by name, never by pattern, and
          single files, never your home folder.{' '}
          {hasLearned(state)
            ? 'What it looked for in vain was noted while it ran.'
            : 'Which files it looked for was not noted: start it with “Learn which files it needs”.'}
        </p>
        <ul className="rule-list framed">
          {lines.map((line) => (
            <li key={`${line.key} ${line.value}`} className="rule-row" data-testid="propose-line">
              <label className="check compact grow">
                <input type="checkbox" checked={line.isOn} onChange={() => toggle(line)} />
                <span className="grow">
                  {KEYS[line.key]}{' '}
                  <b className="mono">{line.key === 'maskSecrets' ? '' : line.value}</b>
                </span>
                <span className="small dim">
                  <AgentText text={line.why} max={200} bare />
                </span>
              </label>
            </li>
          ))}
        </ul>
        <label className="stack-tight">
          <span className="small dim">The file, which you may change:</span>
          <textarea
            className="input mono policy-text"
            rows={14}
            spellCheck={false}
            value={text}
            onChange={(event) => setWritten(event.target.value)}
            data-testid="propose-text"
          />
        </label>
      </div>
    </Dialog>
  )
}
