import { type ReactNode, useCallback, useEffect, useState } from 'react'
import type { SessionSpec } from '../../shared/domain/session.ts'
import { useConnection } from '../connection.ts'
import {
  refreshAgents,
  resetDraft,
  setDraft,
  specOfDraft,
  startDraft,
  useDraft,
  whatIsMissing,
} from '../stores/draft.ts'
import { useMachine } from '../stores/machine.ts'
import { setUi } from '../stores/ui.ts'
import { Button } from '../ui/button.tsx'
import { type Choice, Segmented } from '../ui/choices.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { AgentCards, CommandField, GrantList, SignIn } from './agent-cards.tsx'
import { StartProblem } from './failure-notice.tsx'
import { FolderBrowser } from './folder-browser.tsx'
import { LevelLadder, useLevel } from './level-ladder.tsx'
import { PreviewDialog } from './policy-dialog.tsx'
import { PolicyNotice, usePolicyProblem } from './workspace-policy.tsx'
import { KeepAsProfile, ProfileChoice } from './profile-choice.tsx'
import { StartProgress } from './start-progress.tsx'
import { SessionDetails, useDetailsProblem } from './session-details.tsx'

const NETWORKS: readonly Choice<SessionSpec['network']>[] = [
  { value: 'closed', label: 'Closed' },
  { value: 'deny', label: 'Deny' },
  { value: 'ask', label: 'Ask' },
]

export function NewSessionDialog() {
  const close = (): void => {
    resetDraft()
    setUi({ overlay: null })
  }
  return (
    <Dialog
      title="New session"
      onClose={close}
      testId="new-session"
      foot={
        <>
          <MissingNote />
          <Button onClick={close} data-testid="new-session-cancel">
            Cancel
          </Button>
          <StartButton />
        </>
      }
    >
      <NewSessionForm />
    </Dialog>
  )
}

/** Agent, folder, boundary, network: top to bottom, each with its default already closed. */
export function NewSessionForm() {
  const { agent, agents, network } = useDraft()
  const workspace = useDraft((draft) => draft.workspace)
  const level = useLevel()
  const recent = useMachine((machine) => machine.info?.recentWorkspaces)
  const chosen = agents?.find((item) => item.id === agent)
  useEffect(() => {
    void refreshAgents(workspace || null)
  }, [workspace])
  const onFolder = useCallback((path: string) => setDraft({ workspace: path }), [])
  return (
    <form className="new-session" onSubmit={(event) => event.preventDefault()}>
      <Step title="Agent">
        <AgentCards />
        <CommandField />
      </Step>
      <Step title="Folder" hint="The only folder of yours it can see and change.">
        {recent !== undefined && (
          <FolderBrowser start={workspace || (recent[0] ?? '')} onChange={onFolder} />
        )}
        <PolicyNotice />
      </Step>
      <Step title="Boundary">
        <ProfileChoice />
        <LevelLadder />
      </Step>
      {level !== 'unconfined' && (
        <Step title="Network">
          <div className="row">
            <span className="grow">A connection no rule covers</span>
            <Segmented
              label="A connection no rule covers"
              value={network}
              choices={NETWORKS}
              onChange={(value) => setDraft({ network: value })}
              testId="network"
            />
          </div>
          {chosen && <GrantList agent={chosen} />}
        </Step>
      )}
      {chosen && level !== 'unconfined' && <SignIn agent={chosen} />}
      {level && (
        <Step title="Details">
          <SessionDetails level={level} />
          <PreviewButton />
          <KeepAsProfile />
        </Step>
      )}
      <StartProgress />
      <DraftProblem />
    </form>
  )
}

function Step({ title, hint, children }: { title: string; hint?: string; children: ReactNode }) {
  return (
    <section className="step" aria-label={title}>
      <h2>
        {title} {hint && <span className="dim small">{hint}</span>}
      </h2>
      {children}
    </section>
  )
}

export function DraftProblem() {
  const { failure, problem } = useDraft()
  const error = failure ?? problem
  return error && <StartProblem error={error} />
}

/** What keeps it from starting, as a sentence. */
function useMissing(): string | null {
  const level = useLevel()
  const missing = whatIsMissing(useDraft(), level)
  const toCorrect = useDetailsProblem(level)
  const ofFolder = usePolicyProblem()
  return missing ?? ofFolder ?? toCorrect
}

export function MissingNote() {
  const missing = useMissing()
  return (
    <span className="grow small dim clip" title={missing ?? undefined}>
      {missing}
    </span>
  )
}

function PreviewButton() {
  const level = useLevel()
  const missing = useMissing()
  const isConnected = useConnection().type === 'connected'
  const [spec, setSpec] = useState<SessionSpec | null>(null)
  return (
    <>
      <div className="row">
        <Button
          icon="rules"
          disabled={missing !== null || !isConnected}
          onClick={() => setSpec(level && specOfDraft(level))}
          data-testid="preview-button"
        >
          What it will be able to do
        </Button>
        <span className="small dim">In words and as the exact command, before it starts.</span>
      </div>
      {spec && <PreviewDialog spec={spec} onClose={() => setSpec(null)} />}
    </>
  )
}

export function StartButton() {
  const draft = useDraft()
  const level = useLevel()
  const isConnected = useConnection().type === 'connected'
  const missing = useMissing()
  return (
    <Button
      look={level === 'unconfined' ? 'danger' : 'primary'}
      disabled={missing !== null || draft.isStarting || !isConnected}
      onClick={() => level && void startDraft(level)}
      data-testid="start-session"
    >
      {draft.isStarting ? 'Starting' : level === 'unconfined' ? 'Start unconfined' : 'Start'}
    </Button>
  )
}
