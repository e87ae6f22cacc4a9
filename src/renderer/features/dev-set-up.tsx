import { CREATE_COMMANDS, type DevContainer } from '../../shared/domain/dev-container.ts'
import { isLive } from '../../shared/domain/session.ts'
import { imageNamed, lastSetUp, setUpDevContainer } from '../stores/dev-set-up.ts'
import { useDraft } from '../stores/draft.ts'
import { useEngines } from '../stores/engines.ts'
import { useSessions } from '../stores/sessions.ts'
import { goTo, setUi } from '../stores/ui.ts'
import { Button } from '../ui/button.tsx'
import { formatDate } from '../words/format.ts'
import { CommandList } from './dev-commands.tsx'

/** Its create commands: run once by a person's act, in a session of their own, and kept as an image. */
export function DevSetUp({ dev }: { dev: DevContainer }) {
  const images = useEngines((engines) => engines.images)
  const sessions = useSessions((state) => state.byId)
  const { workspace, isStarting } = useDraft()
  if (dev.setUpImage === null) return null
  const done = imageNamed(images, dev.setUpImage)
  const last = lastSetUp(sessions.values(), workspace.trim(), dev)
  const isRunning = last !== null && isLive(last)
  const hasFailed = !done && last !== null && !isRunning
  const show = (): void => {
    if (!last) return
    setUi({ overlay: null })
    goTo('sessions', last.id)
  }
  return (
    <section className="stack-tight" data-testid="dev-set-up">
      <h3 className="small">Runs once inside the wall, when it is set up</h3>
      <CommandList commands={dev.commands} names={CREATE_COMMANDS} />
      <div className="row">
        <span className="grow" role="status" data-testid="dev-set-up-state">
          {isRunning
            ? 'It is being set up.'
            : done
              ? `Set up once on ${formatDate(done.createdAtMs)}. Rebuild discards that.`
              : hasFailed
                ? 'The last set-up was not kept. Its terminal says why, or the host’s log where the engine refused.'
                : 'Not set up yet.'}
        </span>
        {(isRunning || hasFailed) && (
          <Button small look="quiet" onClick={show} data-testid="dev-set-up-show">
            Show it
          </Button>
        )}
        <Button
          small
          disabled={isRunning || isStarting || !imageNamed(images, dev.image)}
          onClick={() => void setUpDevContainer(dev)}
          data-testid="dev-set-up-begin"
        >
          {done || hasFailed ? 'Set up again' : 'Set up'}
        </Button>
      </div>
      <p className="dim">
        The commands run in a session of their own, with the hosts, files, variables and limits
        chosen here. What they leave in the home and in the workspace is there for each session
        after it; the system of the image stays as it is.
      </p>
    </section>
  )
}
