import { useEffect, useState } from 'react'
import { applyPolicy } from '../../shared/apply-policy.ts'
import {
  type WorkspacePolicy,
  WORKSPACE_POLICY,
  wordsOfProblem,
} from '../../shared/domain/policy-file.ts'
import { specOfDraft, useDraft } from '../stores/draft.ts'
import { useDetails } from '../stores/draft-details.ts'
import { diffLines } from '../stores/line-diff.ts'
import {
  distrustPolicy,
  lookForPolicy,
  trustPolicy,
  useWorkspacePolicy,
} from '../stores/workspace-policy.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Icon } from '../ui/icons.tsx'
import { AgentText } from '../ui/text.tsx'
import { DiffView } from './content-diff.tsx'
import { useLevel } from './level-ladder.tsx'

/** What is wrong with the folder's policy, as a sentence; null: nothing, or there is none. */
export function usePolicyProblem(): string | null {
  const workspace = useDraft((draft) => draft.workspace)
  const { workspace: of, found } = useWorkspacePolicy()
  if (of !== workspace || !found?.problem) return null
  return `${WORKSPACE_POLICY}, ${wordsOfProblem(found.problem)}.`
}

/** The folder's own policy: what it does to this session, and whether it may do more. */
export function PolicyNotice() {
  const workspace = useDraft((draft) => draft.workspace)
  const { workspace: of, found } = useWorkspacePolicy()
  const problem = usePolicyProblem()
  const [isReading, setReading] = useState(false)
  useEffect(() => {
    void lookForPolicy(workspace)
  }, [workspace])
  if (of !== workspace || !found) return null
  return (
    <div className={problem ? 'notice warn' : 'notice'} data-testid="policy-notice">
      <Icon name={problem ? 'warning' : 'rules'} />
      <div className="stack-tight grow">
        <b>This folder has a policy</b>
        {problem ? (
          <span data-testid="policy-problem">
            No session starts here: {problem} Correct the file, or take it away.
          </span>
        ) : (
          <Effect found={found} />
        )}
      </div>
      <Button small onClick={() => setReading(true)} data-testid="policy-read">
        Read it
      </Button>
      {isReading && (
        <PolicyDialog found={found} workspace={workspace} onClose={() => setReading(false)} />
      )}
    </div>
  )
}

/** Computed as the host does it, from what is asked for now. */
function Effect({ found }: { found: WorkspacePolicy }) {
  const level = useLevel()
  // Whatever of the session is changed changes what the policy does to it.
  useDraft()
  useDetails()
  const spec = specOfDraft(level ?? 'os')
  const { applied, held } =
    spec && found.policy
      ? applyPolicy(spec, found.policy, found.isTrusted)
      : { applied: [], held: [] }
  return (
    <>
      {applied.length === 0 && held.length === 0 && (
        <span className="dim">It changes nothing of what is chosen here.</span>
      )}
      {applied.map((words) => (
        <span key={words} className="small" data-testid="policy-applied">
          <AgentText text={words} max={300} bare />
        </span>
      ))}
      {held.length > 0 && (
        <span className="small dim">Not unless you trust it, after reading it:</span>
      )}
      {held.map((words) => (
        <span key={words} className="small dim" data-testid="policy-held">
          <AgentText text={words} max={300} bare />
        </span>
      ))}
      {found.isTrusted && <span className="small dim">You trust this text.</span>}
    </>
  )
}

function PolicyDialog({
  found: { text, hash, policy, isTrusted, trustedText },
  workspace,
  onClose,
}: {
  found: WorkspacePolicy
  workspace: string
  onClose: () => void
}) {
  const [problem, setProblem] = useState<string | null>(null)
  const isChanged = trustedText !== null && !isTrusted
  const diff = isChanged ? diffLines(trustedText, text) : null
  const trust = async (): Promise<void> => {
    const failed = await trustPolicy(workspace, hash)
    setProblem(failed)
    if (!failed) onClose()
  }
  return (
    <Dialog
      title={WORKSPACE_POLICY}
      onClose={onClose}
      size="wide"
      testId="workspace-policy"
      foot={
        <>
          <span className="grow small dim">
            {problem ??
              (isTrusted
                ? 'Trusted: it may let more in than you choose.'
                : 'Trusted, it may let in what it lists, in every session of this folder. A change asks again.')}
          </span>
          <Button onClick={onClose} data-focus-first>
            Close
          </Button>
          {isTrusted ? (
            <Button onClick={() => void distrustPolicy(workspace).then(onClose)}>
              Trust no more
            </Button>
          ) : (
            <Button
              look="danger"
              disabled={policy === null}
              onClick={() => void trust()}
              data-testid="policy-trust"
            >
              Trust this text
            </Button>
          )}
        </>
      }
    >
      {diff && (
        <section className="stack policy-part" aria-label="What was changed">
          <p className="small dim">Changed since you trusted it:</p>
          <DiffView diff={diff} />
          <p className="small dim">All of it:</p>
        </section>
      )}
      <pre className="mono small job-log" data-testid="policy-text">
        {text.split('\n').map((line, index) => (
          <div key={index}>{line === '' ? ' ' : <AgentText text={line} max={400} bare />}</div>
        ))}
      </pre>
    </Dialog>
  )
}
