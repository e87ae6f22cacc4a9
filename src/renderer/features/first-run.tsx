import { useCallback, useEffect } from 'react'
import { refreshAgents, setDraft, useDraft } from '../stores/draft.ts'
import { useMachine } from '../stores/machine.ts'
import { goTo, setUi } from '../stores/ui.ts'
import { LevelGlyph } from '../ui/badges.tsx'
import { Button } from '../ui/button.tsx'
import { Icon, Mark } from '../ui/icons.tsx'
import { Loading } from '../ui/states.tsx'
import { LEVEL_NAMES, LEVELS, withArticle } from '../words/isolation.ts'
import { AgentCards, CommandField } from './agent-cards.tsx'
import { FolderBrowser } from './folder-browser.tsx'
import { useLevel } from './level-ladder.tsx'
import { DraftProblem, MissingNote, StartButton } from './new-session.tsx'

/** Before the first session: what this machine can enforce, then agent, folder, Start. */
export function FirstRun() {
  const workspace = useDraft((draft) => draft.workspace)
  const info = useMachine((machine) => machine.info)
  const level = useLevel()
  const onFolder = useCallback((path: string) => setDraft({ workspace: path }), [])
  useEffect(() => {
    void refreshAgents(workspace || null)
  }, [workspace])
  return (
    <div className="first-run scroll" data-testid="first-run">
      <header className="first-head">
        <Mark size={32} />
        <div>
          <h1>Put an agent under the dome</h1>
          <p className="dim">
            It sees one folder, reaches no host you did not allow, and everything it does is
            recorded.
          </p>
        </div>
      </header>
      <div className="first-columns">
        <section className="first-form" aria-label="First session">
          <div className="step">
            <h2>1. Agent</h2>
            <AgentCards />
            <CommandField />
          </div>
          <div className="step">
            <h2>2. Folder</h2>
            {info && (
              <FolderBrowser
                start={workspace || (info.recentWorkspaces[0] ?? '')}
                onChange={onFolder}
              />
            )}
          </div>
          <DraftProblem />
          <div className="first-start">
            <StartButton />
            <span className="small dim">
              {level ? `In ${withArticle(level)}; every connection asks.` : ''} <MissingNote />
            </span>
            <Button
              look="quiet"
              onClick={() => setUi({ overlay: 'new-session' })}
              data-testid="first-run-options"
            >
              All options
            </Button>
          </div>
        </section>
        <Abilities />
      </div>
    </div>
  )
}

function Abilities() {
  const { diagnoses } = useMachine()
  return (
    <aside className="abilities" aria-label="What this machine can enforce" data-testid="abilities">
      <h2>What this machine can enforce</h2>
      {!diagnoses ? (
        <Loading what="the diagnosis" rows={3} />
      ) : (
        <ul>
          {LEVELS.filter((level) => level !== 'unconfined').map((level) => {
            const diagnosis = diagnoses.find((item) => item.level === level)
            const isUsable = diagnosis?.status === 'usable'
            return (
              <li
                key={level}
                className={isUsable ? 'ability' : 'ability missing'}
                data-level={level}
              >
                <LevelGlyph level={level} />
                <span className="stack-tight grow">
                  <b>{LEVEL_NAMES[level]}</b>
                  <span className="small dim">{diagnosis?.summary ?? 'Not in this version'}</span>
                </span>
                <Icon name={isUsable ? 'check' : 'deny'} />
              </li>
            )
          })}
        </ul>
      )}
      <Button small onClick={() => goTo('doctor')}>
        Details and remedies
      </Button>
    </aside>
  )
}
