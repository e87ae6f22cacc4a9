import { countWaiting } from '../../shared/prompts-projection.ts'
import { usePrompts } from '../stores/prompts.ts'
import { goTo, type Page, useUi } from '../stores/ui.ts'
import { Icon, type IconName, Mark } from '../ui/icons.tsx'

const ITEMS: readonly { page: Page; icon: IconName; label: string }[] = [
  { page: 'sessions', icon: 'sessions', label: 'Sessions' },
  { page: 'prompts', icon: 'prompts', label: 'Prompts' },
  { page: 'recordings', icon: 'recordings', label: 'Recordings' },
  { page: 'containers', icon: 'containers', label: 'Containers' },
  { page: 'rules', icon: 'rules', label: 'Rules' },
  { page: 'audit', icon: 'audit', label: 'Audit' },
  { page: 'doctor', icon: 'doctor', label: 'Doctor' },
]

export function Rail() {
  const page = useUi((state) => state.route.page)
  const waiting = usePrompts(countWaiting)
  return (
    <nav className="rail" aria-label="Main" data-testid="rail">
      <span className="rail-mark">
        <Mark />
      </span>
      {ITEMS.map((item) => (
        <button
          key={item.page}
          type="button"
          className="rail-item"
          aria-current={page === item.page ? 'page' : undefined}
          onClick={() => goTo(item.page, item.page === 'sessions' ? lastSession() : null)}
          data-testid={`rail-${item.page}`}
        >
          <Icon name={item.icon} />
          <span className="rail-label">{item.label}</span>
          {item.page === 'prompts' && waiting > 0 && (
            <span className="rail-badge num">{waiting > 99 ? '99+' : waiting}</span>
          )}
        </button>
      ))}
    </nav>
  )
}

/** Back to where one was, not to an empty page. */
const lastSession = () => useUi.getState().lastSessionId
