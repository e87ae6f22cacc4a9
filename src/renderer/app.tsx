import { useEffect } from 'react'
import { dispatchKey } from './dispatch-key.ts'
import { AuditPage } from './features/audit.tsx'
import { ContainersPage } from './features/containers.tsx'
import { ConfirmAction } from './features/confirm-action.tsx'
import { ConnectionBanner, NotYetConnected } from './features/connection-screen.tsx'
import { Notices } from './features/notices.tsx'
import { DoctorPage } from './features/doctor.tsx'
import { ExportDialog } from './features/export-dialog.tsx'
import { ExportProfileDialog } from './features/export-profile.tsx'
import { ImportSettingsDialog } from './features/import-settings.tsx'
import { NewSessionDialog } from './features/new-session.tsx'
import { CommandPalette, KeysHelp, SessionPicker } from './features/palette.tsx'
import { PolicyDialog } from './features/policy-dialog.tsx'
import { OpenedReplay } from './features/opened-replay.tsx'
import { OrphansBanner } from './features/orphans-banner.tsx'
import { PromptInbox } from './features/prompt-inbox.tsx'
import { PromptStack } from './features/prompt-stack.tsx'
import { Rail } from './features/rail.tsx'
import { RecordingsPage } from './features/recordings.tsx'
import { ReplayPage } from './features/replay.tsx'
import { RulesPage } from './features/rules.tsx'
import { SessionList } from './features/session-list.tsx'
import { SessionsPage } from './features/sessions-page.tsx'
import { StatusBar } from './features/status-bar.tsx'
import { dismissFailure, useActions } from './stores/session-actions.ts'
import { closeOpened, useOpened } from './stores/opened.ts'
import { useSessions } from './stores/sessions.ts'
import { setUi, useUi } from './stores/ui.ts'
import { Button } from './ui/button.tsx'
import { Icon } from './ui/icons.tsx'

export function App() {
  const { route, overlay, isSidebarOpen } = useUi()
  useEffect(() => {
    window.addEventListener('keydown', dispatchKey, { capture: true })
    return () => window.removeEventListener('keydown', dispatchKey, { capture: true })
  }, [])
  const hasSidebar = isSidebarOpen && (route.page === 'sessions' || route.id !== null)
  return (
    <div className="app">
      <ConnectionBanner />
      <Notices />
      <OrphansBanner />
      <div className="app-body">
        <Rail />
        {hasSidebar && <SessionList />}
        <main className="main" aria-label="Main" data-testid="main">
          <PageOf />
          <PromptStack />
          <NotYetConnected />
        </main>
      </div>
      <StatusBar />
      <OutcomeStrip />
      {overlay === 'palette' && <CommandPalette />}
      {overlay === 'go-to-session' && <SessionPicker />}
      {overlay === 'keys' && <KeysHelp />}
      {overlay === 'new-session' && <NewSessionDialog />}
      {overlay === 'policy' && <PolicyDialog />}
      {overlay === 'import-settings' && <ImportSettingsDialog onClose={closeOverlay} />}
      {overlay === 'export-profile' && <ExportProfileDialog onClose={closeOverlay} />}
      <ConfirmAction />
      <Exporting />
    </div>
  )
}

const closeOverlay = (): void => setUi({ overlay: null })

function PageOf() {
  const { page, id } = useUi((state) => state.route)
  const opened = useOpened((state) => state.recording)
  switch (page) {
    case 'sessions':
      return <SessionsPage />
    case 'prompts':
      return <PromptInbox />
    case 'recordings':
      if (opened && !id) return <OpenedReplay recording={opened} onClose={closeOpened} />
      return id ? <ReplayPage key={id} id={id} /> : <RecordingsPage />
    case 'containers':
      return <ContainersPage />
    case 'rules':
      return <RulesPage />
    case 'audit':
      return <AuditPage />
    case 'doctor':
      return <DoctorPage />
  }
}

function Exporting() {
  const id = useUi((state) => state.exporting)
  const session = useSessions((state) => (id ? state.byId.get(id) : undefined))
  if (!session) return null
  return <ExportDialog session={session} onClose={() => setUi({ exporting: null })} />
}

const DONE_MS = 8000

/** What an action came to, where the screen does not show it by itself. */
function OutcomeStrip() {
  const { problem, done } = useActions()
  useEffect(() => {
    if (!done || problem) return
    const timer = setTimeout(dismissFailure, DONE_MS)
    return () => clearTimeout(timer)
  }, [done, problem])
  if (!problem && !done) return null
  return (
    <div
      className={problem ? 'outcome-strip strip problem' : 'outcome-strip strip'}
      role={problem ? 'alert' : 'status'}
      data-testid={problem ? 'problem' : 'done'}
    >
      <Icon name={problem ? 'warning' : 'check'} />
      <span className="grow">{problem ?? done?.words}</span>
      {!problem && done?.undo && (
        <Button
          small
          onClick={() => {
            dismissFailure()
            done.undo?.()
          }}
          data-testid="undo"
        >
          Undo
        </Button>
      )}
      <Button small look="quiet" icon="close" aria-label="Dismiss" onClick={dismissFailure} />
    </div>
  )
}
