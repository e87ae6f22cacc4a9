import { type ReactNode, useCallback, useEffect } from 'react'
import type { SessionSpec } from '../../shared/domain/session.ts'
import { useConnection } from '../connection.ts'
import {
  refreshAgents,
  resetDraft,
  setDraft,
  startDraft,
  useDraft,
  whatIsMissing,
} from '../stores/draft.ts'
import { useMachine } from '../stores/machine.ts'
import { setUi } from '../stores/ui.ts'
import { Button } from '../ui/button.tsx'
import { type Choice, Segmented } from '../ui/choices.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Icon } from '../ui/icons.tsx'
import { AgentCards, CommandField, GrantList, SignIn } from './agent-cards.tsx'
import { FailureNotice } from './failure-notice.tsx'
import { FolderBrowser } from './folder-browser.tsx'
import { LevelLadder, useLevel } from './level-ladder.tsx'

const NETWORKS: readonly Choice<SessionSpec['network']>[] = [
  { value: 'ask', label: 'Ask' },
  { value: 'deny', label: 'Deny' },
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
      </Step>
      <Step title="Boundary">
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
      <StartProblem />
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

export function StartProblem() {
  const { failure, problem } = useDraft()
  if (failure) return <FailureNotice failure={failure} />
  if (!problem) return null
  return (
    <div className="notice error" role="alert" data-testid="start-problem">
      <Icon name="warning" />
      <p>{problem}</p>
    </div>
  )
}

export function MissingNote() {
  const missing = whatIsMissing(useDraft(), useLevel())
  return <span className="grow small dim">{missing}</span>
}

export function StartButton() {
  const draft = useDraft()
  const level = useLevel()
  const isConnected = useConnection().type === 'connected'
  const missing = whatIsMissing(draft, level)
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
