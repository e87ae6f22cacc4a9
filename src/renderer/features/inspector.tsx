import { isDrift } from '../../shared/domain/isolation.ts'
import { setUi, useUi } from '../stores/ui.ts'
import { useView } from '../stores/view.ts'
import { Tabs } from '../ui/choices.tsx'
import { FilesTab } from './files-tab.tsx'
import { IsolationPanel } from './isolation-panel.tsx'
import { NetworkList } from './network-list.tsx'
import { ProcessTree } from './process-tree.tsx'
import { SessionRules } from './rules.tsx'

export function Inspector() {
  const tab = useUi((state) => state.inspectorTab)
  const running = useView((view) => view.state.running)
  const isDrifting = useView((view) => view.state.session?.axes.some(isDrift) ?? false)
  const files = useView((view) => view.state.files.size)
  const connections = useView((view) => view.state.network.size)
  return (
    <aside className="inspector" aria-label="Inspector" data-testid="inspector">
      <Tabs
        label="Inspector"
        value={tab}
        onChange={(inspectorTab) => setUi({ inspectorTab })}
        testId="inspector-tab"
        tabs={[
          { value: 'isolation', label: 'Isolation', alarm: isDrifting ? 'Drift' : null },
          { value: 'processes', label: 'Processes', count: running },
          { value: 'files', label: 'Files', count: files },
          { value: 'network', label: 'Network', count: connections },
          { value: 'rules', label: 'Rules' },
        ]}
      />
      {tab === 'isolation' && <IsolationPanel />}
      {tab === 'processes' && <ProcessTree />}
      {tab === 'files' && <FilesTab />}
      {tab === 'network' && <NetworkList />}
      {tab === 'rules' && <SessionRules />}
    </aside>
  )
}
