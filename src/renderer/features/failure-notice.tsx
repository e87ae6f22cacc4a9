import type { StartFailure } from '../../shared/domain/session.ts'
import { CommandLine } from '../ui/copy.tsx'
import { Icon } from '../ui/icons.tsx'
import { AgentText } from '../ui/text.tsx'
import { wordsOfFailure } from '../words/start-failure.ts'

/** A failure the host named, or a sentence where it did not answer. */
export function StartProblem({ error }: { error: StartFailure | string }) {
  if (typeof error !== 'string') return <FailureNotice failure={error} />
  return (
    <div className="notice error" role="alert" data-testid="start-problem">
      <Icon name="warning" />
      <p>{error}</p>
    </div>
  )
}

/** Why nothing started, and the next step. The machine's own words are quoted as such. */
export function FailureNotice({ failure }: { failure: StartFailure }) {
  const { sentence, next, detail, remedies } = wordsOfFailure(failure)
  return (
    <div className="notice error" role="alert" data-testid="start-failure" data-type={failure.type}>
      <Icon name="warning" />
      <div className="stack grow">
        <p>
          <b>{sentence}</b> {next}
        </p>
        {detail && (
          <div className="machine-words">
            {detail.split('\n').map((line, index) => (
              <div key={index}>
                <AgentText text={line} max={600} bare />
              </div>
            ))}
          </div>
        )}
        {remedies.map((remedy, index) => (
          <div key={index} className="stack-tight">
            <span className="small dim">{remedy.say}</span>
            {remedy.command && <CommandLine command={remedy.command} />}
          </div>
        ))}
      </div>
    </div>
  )
}
