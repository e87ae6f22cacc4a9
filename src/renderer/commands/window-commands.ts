import { NetworkMode } from '../../shared/domain/network-mode.ts'
import { switchNetwork } from '../stores/network-switch.ts'
import { NETWORK_MODES } from '../words/network-mode.ts'
import { isLive, type Session } from '../../shared/domain/session.ts'
import { connectionStore, reconnect } from '../connection.ts'
import { useActive } from '../stores/active.ts'
import { probe } from '../stores/machine.ts'
import { countWaiting } from '../../shared/prompts-projection.ts'
import { setMinimised, usePrompts } from '../stores/prompts.ts'
import { probeSession, restartSession } from '../stores/session-actions.ts'
import { useSessions } from '../stores/sessions.ts'
import { goTo, type InspectorTab, setUi, useUi } from '../stores/ui.ts'
import { type Command, outsideText } from './command.ts'

const always = (): boolean => true
const replaying = (): boolean => useActive.getState().replay !== null

function shownSession(): Session | null {
  const { route } = useUi.getState()
  return (route.id && useSessions.getState().byId.get(route.id)) || null
}
const shownIsLive = (): boolean => {
  const session = shownSession()
  return session !== null && isLive(session)
}
const shownIsPast = (): boolean => {
  const session = shownSession()
  return session !== null && !isLive(session)
}

const inspect = (inspectorTab: InspectorTab, title: string): Command => ({
  id: `view.${inspectorTab}`,
  title: `Show ${title}`,
  group: 'View',
  keys: [],
  when: () => useUi.getState().route.id !== null,
  run: () => setUi({ inspectorTab, isInspectorOpen: true }),
})

/** Shows the oldest prompt and gives its Deny button the focus. */
function toOldestPrompt(): void {
  setMinimised(false)
  const focus = (): void => document.querySelector<HTMLElement>('[data-prompt-default]')?.focus()
  requestAnimationFrame(focus)
  // The button takes the focus only once it may be used.
  setTimeout(focus, 450)
}

export const WINDOW_COMMANDS: readonly Command[] = [
  {
    id: 'palette',
    title: 'Command palette',
    group: 'Go',
    keys: ['Mod+Shift+P'],
    when: always,
    run: () => setUi({ overlay: 'palette' }),
  },
  {
    id: 'go.session',
    title: 'Go to session',
    group: 'Go',
    keys: ['Mod+P'],
    when: always,
    run: () => setUi({ overlay: 'go-to-session' }),
  },
  {
    id: 'keys',
    title: 'Keys',
    group: 'Go',
    keys: ['?'],
    place: outsideText,
    when: always,
    run: () => setUi({ overlay: 'keys' }),
  },
  {
    id: 'go.sessions',
    title: 'Sessions',
    group: 'Go',
    keys: [],
    when: always,
    run: () => goTo('sessions'),
  },
  {
    id: 'go.prompts',
    title: 'Prompts',
    group: 'Go',
    keys: [],
    when: always,
    run: () => goTo('prompts'),
  },
  {
    id: 'go.recordings',
    title: 'Recordings',
    group: 'Go',
    keys: [],
    when: always,
    run: () => goTo('recordings'),
  },
  {
    id: 'go.rules',
    title: 'Rules in force',
    group: 'Go',
    keys: [],
    when: always,
    run: () => goTo('rules'),
  },
  {
    id: 'go.containers',
    title: 'Containers',
    group: 'Go',
    keys: [],
    when: always,
    run: () => goTo('containers'),
  },
  {
    id: 'go.audit',
    title: 'Audit',
    group: 'Go',
    keys: [],
    when: always,
    run: () => goTo('audit'),
  },
  {
    id: 'go.doctor',
    title: 'Doctor and settings',
    group: 'Go',
    keys: [],
    when: always,
    run: () => goTo('doctor'),
  },
  {
    id: 'reconnect',
    title: 'Reconnect to the host',
    group: 'Go',
    keys: [],
    when: () => connectionStore.getState().type === 'disconnected',
    run: reconnect,
  },

  {
    id: 'session.new',
    title: 'New session',
    group: 'Session',
    keys: ['Mod+Shift+N'],
    when: always,
    run: () => setUi({ overlay: 'new-session' }),
  },
  ...NetworkMode.options.map(
    (mode): Command => ({
      id: `session.network-${mode}`,
      title: `Network: ${NETWORK_MODES[mode].name.toLowerCase()}${mode === 'open' ? '…' : ''}`,
      group: 'Session',
      keys: [],
      when: () => shownIsLive() && shownSession()?.spec.level !== 'unconfined',
      run: () => {
        const session = shownSession()
        if (session) switchNetwork(session, mode)
      },
    }),
  ),
  {
    id: 'session.stop',
    title: 'Stop session',
    group: 'Session',
    keys: [],
    when: shownIsLive,
    run: () => setUi({ confirm: { kind: 'stop', id: shownSession()!.id } }),
  },
  {
    id: 'session.restart',
    title: 'Restart session',
    group: 'Session',
    keys: [],
    when: shownIsPast,
    run: () => void restartSession(shownSession()!.id),
  },
  {
    id: 'session.replay',
    title: 'Replay session',
    group: 'Session',
    keys: [],
    when: () => shownIsPast() && !replaying(),
    run: () => goTo('recordings', shownSession()!.id),
  },
  {
    id: 'session.probe',
    title: 'Probe the boundary again',
    group: 'Session',
    keys: ['Mod+Shift+Y'],
    when: () => shownSession()?.status === 'running' && !replaying(),
    run: () => {
      setUi({ inspectorTab: 'isolation', isInspectorOpen: true })
      void probeSession(shownSession()!.id)
    },
  },
  {
    id: 'session.policy',
    title: 'Effective policy',
    group: 'Session',
    keys: ['Mod+Shift+L'],
    when: () => useActive.getState().view !== null,
    run: () => setUi({ overlay: 'policy' }),
  },
  {
    id: 'session.remove',
    title: 'Remove session and recording',
    group: 'Session',
    keys: [],
    when: shownIsPast,
    run: () => setUi({ confirm: { kind: 'remove', id: shownSession()!.id } }),
  },

  {
    id: 'prompt.oldest',
    title: 'Oldest prompt',
    group: 'Prompts',
    keys: ['Mod+Shift+A'],
    when: () => countWaiting(usePrompts.getState()) > 0,
    run: toOldestPrompt,
  },
  {
    id: 'prompt.minimise',
    title: 'Minimise prompts',
    group: 'Prompts',
    keys: [],
    when: () => countWaiting(usePrompts.getState()) > 0,
    run: () => setMinimised(true),
  },

  {
    id: 'policy.import',
    title: 'Import settings…',
    group: 'Policy',
    keys: [],
    when: always,
    run: () => setUi({ overlay: 'import-settings' }),
  },
  {
    id: 'policy.export',
    title: 'Export a profile…',
    group: 'Policy',
    keys: [],
    when: always,
    run: () => setUi({ overlay: 'export-profile' }),
  },

  {
    id: 'view.timeline',
    title: 'Toggle timeline',
    group: 'View',
    keys: ['q'],
    place: outsideText,
    when: () => useUi.getState().route.id !== null,
    run: () => setUi({ isDrawerOpen: !useUi.getState().isDrawerOpen }),
  },
  {
    id: 'view.inspector',
    title: 'Toggle inspector',
    group: 'View',
    keys: ['Mod+Shift+I'],
    when: () => useUi.getState().route.id !== null,
    run: () => setUi({ isInspectorOpen: !useUi.getState().isInspectorOpen }),
  },
  {
    id: 'view.sidebar',
    title: 'Toggle session list',
    group: 'View',
    keys: ['Mod+Shift+B'],
    when: always,
    run: () => setUi({ isSidebarOpen: !useUi.getState().isSidebarOpen }),
  },
  inspect('isolation', 'isolation'),
  inspect('processes', 'processes'),
  inspect('files', 'changed files'),
  inspect('network', 'network'),
  inspect('rules', 'rules'),
  {
    id: 'view.light',
    title: 'Light theme',
    group: 'View',
    keys: [],
    when: always,
    run: () => setUi({ theme: 'light' }),
  },
  {
    id: 'view.dark',
    title: 'Dark theme',
    group: 'View',
    keys: [],
    when: always,
    run: () => setUi({ theme: 'dark' }),
  },
  {
    id: 'view.system',
    title: 'Theme as the system',
    group: 'View',
    keys: [],
    when: always,
    run: () => setUi({ theme: 'system' }),
  },
  {
    id: 'doctor.probe',
    title: 'Probe this machine again',
    group: 'View',
    keys: [],
    when: always,
    run: () => void probe(),
  },
]
