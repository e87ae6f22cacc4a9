import type { SessionId } from '../../shared/domain/ids.ts'
import type { ProcessKey } from '../../shared/domain/process.ts'
import { select } from './selection.ts'
import { goTo, setUi, useUi } from './ui.ts'

/** Goes to a process in the tree of its session. */
export function showProcess(session: SessionId, key: ProcessKey): void {
  const { route } = useUi.getState()
  if (route.id !== session) goTo('sessions', session)
  setUi({ inspectorTab: 'processes', isInspectorOpen: true })
  // A session that is only now shown selects nothing at first.
  setTimeout(() => select({ kind: 'process', key }, null), 0)
}
