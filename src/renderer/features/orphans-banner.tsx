import { useSessions } from '../stores/sessions.ts'
import { endOrphans, useOrphans } from '../stores/process-actions.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { AgentText } from '../ui/text.tsx'
import { plural } from '../words/format.ts'
import { joinArgv } from '../words/reveal.ts'

/** What of an ended session still runs, at the stop or left by an earlier run of Cloche. */
export function OrphansBanner() {
  const orphans = useOrphans((state) => state.list)
  const byId = useSessions((state) => state.byId)
  return orphans.map(({ session, processes }) => (
    <div key={session} className="banner orphans" role="alert" data-testid="orphans">
      <Icon name="warning" />
      <details className="grow">
        <summary>
          {plural(processes.length, 'process', 'processes')} outlived “
          {byId.get(session)?.title ?? 'a removed session'}”
        </summary>
        <ul className="orphan-list">
          {processes.map(({ key, pid, name, argv }) => (
            <li key={key}>
              <span className="num faint">{pid}</span>{' '}
              <AgentText text={argv.length > 0 ? joinArgv(argv) : name} max={300} />
            </li>
          ))}
        </ul>
      </details>
      <Button small onClick={() => void endOrphans(session)} data-testid="orphans-end">
        {processes.length === 1 ? 'End it' : 'End them'}
      </Button>
    </div>
  ))
}
