import type { IsolationLevel } from '../../shared/domain/isolation.ts'
import { setDraft, UNCONFINED_WORD, useDraft } from '../stores/draft.ts'
import { useMachine } from '../stores/machine.ts'
import { LevelGlyph } from '../ui/badges.tsx'
import { Icon } from '../ui/icons.tsx'
import { LEVEL_EFFECTS, LEVEL_NAMES, LEVELS, UNCONFINED_REACH } from '../words/isolation.ts'

/** The level chosen, else the strongest usable one the host proposes. */
export function useLevel(): IsolationLevel | null {
  const chosen = useDraft((draft) => draft.level)
  const proposed = useMachine((machine) => machine.info?.defaultLevel ?? null)
  return chosen ?? proposed
}

/** What each level means, and whether this machine can. */
export function LevelLadder() {
  const { diagnoses, info } = useMachine()
  const level = useLevel()
  return (
    <div className="stack">
      <div className="ladder" role="radiogroup" aria-label="Isolation level">
        {LEVELS.map((item) => {
          const diagnosis = diagnoses?.find((found) => found.level === item)
          const mayUse =
            item === 'unconfined' ? info?.mayUnconfine === true : diagnosis?.status === 'usable'
          const why =
            item === 'unconfined'
              ? mayUse
                ? null
                : 'Only from the desktop app'
              : (diagnosis?.summary ?? (diagnoses ? 'Not available in this version' : 'Probing'))
          return (
            <label
              key={item}
              className={`rung ${item}`}
              data-testid={`level-${item}`}
              data-usable={mayUse}
            >
              <input
                type="radio"
                name="level"
                className="visually-hidden"
                disabled={!mayUse}
                checked={level === item}
                onChange={() => setDraft({ level: item, word: '' })}
              />
              <LevelGlyph level={item} />
              <span className="stack-tight grow">
                <b>{LEVEL_NAMES[item]}</b>
                <span className="small dim">
                  {mayUse ? LEVEL_EFFECTS[item] : why}
                  {/* Whether its processor is emulated is the first thing to know of it. */}
                  {mayUse && item === 'vm' ? ` ${diagnosis?.summary}` : null}
                </span>
              </span>
              {level === item && <Icon name="check" />}
            </label>
          )
        })}
      </div>
      {level === 'unconfined' && <UnconfinedWord />}
    </div>
  )
}

function UnconfinedWord() {
  const word = useDraft((draft) => draft.word)
  return (
    <div className="notice error unconfined-word" data-testid="unconfined-warning">
      <Icon name="warning" />
      <div className="stack grow">
        <p>
          <b>Nothing will hold this session.</b> It can reach:
        </p>
        <ul className="bullets">
          {UNCONFINED_REACH.map((item) => (
            <li key={item}>{item}</li>
          ))}
        </ul>
        <label className="field">
          <span className="small">
            Type <b className="mono">{UNCONFINED_WORD}</b> to go on
          </span>
          <input
            className="input mono"
            autoComplete="off"
            spellCheck={false}
            value={word}
            onChange={(event) => setDraft({ word: event.target.value })}
            data-testid="unconfined-word"
          />
        </label>
      </div>
    </div>
  )
}
