import type { ProcessNode } from '../../shared/domain/process.ts'
import type { ControlRequest } from '../../shared/domain/process-details.ts'
import { isLive } from '../../shared/domain/session.ts'
import { useActive } from '../stores/active.ts'
import { controlProcesses } from '../stores/process-actions.ts'
import { forestOf, setProcessPanel } from '../stores/process-panel.ts'
import { useSelection } from '../stores/selection.ts'
import { useSessions } from '../stores/sessions.ts'
import { setUi } from '../stores/ui.ts'
import type { View } from '../stores/view.ts'
import type { Command } from './command.ts'

export const STOP_ALL_KEYS = 'Mod+Shift+X'

/** The live session in view; null: none, or a replay. */
function liveView(): View | null {
  const view = useActive.getState().view?.getState()
  return view?.mode === 'live' && view.state.session?.status === 'running' ? view : null
}

/** The selected process, if it can still be controlled. */
function chosen(): { view: View; node: ProcessNode } | null {
  const view = liveView()
  const { subject } = useSelection.getState()
  const node = subject?.kind === 'process' ? view?.state.processes.get(subject.key) : undefined
  return view && node && node.endedAtMs === null ? { view, node } : null
}

function requestOf(action: ControlRequest['action']): ControlRequest | null {
  const found = chosen()
  return (
    found && {
      scope: { kind: 'subtree', session: found.view.sessionId, key: found.node.key },
      action,
    }
  )
}

const holding = (action: 'freeze' | 'thaw', title: string): Command => ({
  id: `process.${action}`,
  title,
  group: 'Processes',
  keys: [],
  when: () => (chosen()?.node.state === 'T') === (action === 'thaw') && chosen() !== null,
  run: () => {
    const request = requestOf(action)
    if (request) void controlProcesses(request)
  },
})

const ending = (action: 'stop' | 'kill', title: string): Command => ({
  id: `process.${action}`,
  title,
  group: 'Processes',
  keys: [],
  when: () => chosen() !== null,
  run: () => {
    const request = requestOf(action)
    const store = useActive.getState().view
    const found = chosen()
    if (!request || !found || !store) return
    const count = forestOf(store).runningBelow(found.node.key) + 1
    setUi({ confirm: { kind: 'control', request, name: found.node.name, count } })
  },
})

const holdSession = (action: 'freeze' | 'thaw', title: string): Command => ({
  id: `session.${action}`,
  title,
  group: 'Session',
  keys: [],
  when: () => {
    const view = liveView()
    return view !== null && (view.state.frozen !== null) === (action === 'thaw')
  },
  run: () => {
    const view = liveView()
    if (view) void controlProcesses({ scope: { kind: 'session', session: view.sessionId }, action })
  },
})

export const PROCESS_COMMANDS: readonly Command[] = [
  {
    id: 'stop-all',
    title: 'Stop all sessions',
    group: 'Session',
    keys: [STOP_ALL_KEYS],
    when: () => [...useSessions.getState().byId.values()].some(isLive),
    run: () => setUi({ confirm: { kind: 'stop-all' } }),
  },
  holdSession('freeze', 'Freeze session'),
  holdSession('thaw', 'Thaw session'),
  holding('freeze', 'Freeze the selected process and what is below it'),
  holding('thaw', 'Thaw the selected process and what is below it'),
  ending('stop', 'Stop the selected process and what is below it'),
  ending('kill', 'Kill the selected process and what is below it'),
  {
    id: 'process.reset',
    title: 'Reset the process tree',
    group: 'Processes',
    keys: [],
    when: () => useActive.getState().view !== null,
    run: () => setProcessPanel({ folds: new Set(), query: '' }),
  },
]
