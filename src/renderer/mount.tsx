import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { type OpenTransport, startConnection } from './connection.ts'
import { ErrorBoundary } from './error-boundary.tsx'
import { callToPrompts } from './stores/call.ts'
import { followMachine } from './stores/machine.ts'
import { followOrphans } from './stores/process-actions.ts'
import { followPrompts, followQuestions } from './stores/prompts.ts'
import { followRules } from './stores/rules.ts'
import { followVariables } from './stores/variables.ts'
import { followSessions } from './stores/sessions.ts'
import { keepUi } from './stores/ui.ts'
import './styles.ts'

/** Starts the whole interface on a transport; without one, on that of the shell it runs in. */
export function mount(root: HTMLElement, openTransport?: OpenTransport): void {
  keepUi()
  followSessions()
  followPrompts()
  followQuestions()
  followOrphans()
  followRules()
  followVariables()
  followMachine()
  callToPrompts()
  startConnection(openTransport)
  createRoot(root).render(
    <StrictMode>
      <ErrorBoundary>
        <App />
      </ErrorBoundary>
    </StrictMode>,
  )
}
