import { useEffect, useState } from 'react'
import { wordsOfProblem } from '../../shared/domain/policy-file.ts'
import { ProfileName } from '../../shared/domain/profile.ts'
import { specOfDraft } from '../stores/draft.ts'
import {
  listProfiles,
  profileOf,
  saveProfile,
  takeProfile,
  useProfiles,
} from '../stores/profiles.ts'
import { Button } from '../ui/button.tsx'
import { Select } from '../ui/select.tsx'
import { ImportSettingsDialog } from './import-settings.tsx'
import { useLevel } from './level-ladder.tsx'

/** What the session begins as; everything below can still be changed. */
export function ProfileChoice() {
  const profiles = useProfiles((state) => state.profiles)
  const [chosen, setChosen] = useState('')
  const [isImporting, setImporting] = useState(false)
  useEffect(() => {
    void listProfiles()
  }, [])
  const usable = (profiles ?? []).filter(({ policy }) => policy !== null)
  const choose = (name: string): void => {
    setChosen(name)
    // Of two of one name the person's own is meant. One that was kept this moment is listed, but not shown yet.
    const known = useProfiles.getState().profiles ?? []
    const policy = known.findLast((each) => each.name === name)?.policy
    if (policy) takeProfile(policy)
  }
  const broken = (profiles ?? []).filter(({ problem }) => problem !== null)
  return (
    <div className="stack">
      <div className="row field-row">
        <Select
          label="Profile"
          value={chosen}
          choices={{
            '': 'As chosen below',
            ...Object.fromEntries(
              usable.map(({ name, origin }) => [
                name,
                origin === 'yours' ? `${name} (yours)` : name,
              ]),
            ),
          }}
          onChange={choose}
          testId="profile"
        />
        <Button onClick={() => setImporting(true)} data-testid="profile-import">
          Import settings…
        </Button>
      </div>
      {isImporting && <ImportSettingsDialog onClose={() => setImporting(false)} onKept={choose} />}
      {broken.map(({ name, path, problem }) => (
        <p key={name} className="small warn-text" data-testid="profile-problem">
          Profile {name}: {problem && wordsOfProblem(problem)}. <span className="mono">{path}</span>
        </p>
      ))}
    </div>
  )
}

/** Keeps what is chosen now under a name, as a file. */
export function KeepAsProfile() {
  const level = useLevel()
  const [name, setName] = useState('')
  const [said, setSaid] = useState<{ text: string; isProblem: boolean } | null>(null)
  const keep = async (): Promise<void> => {
    const spec = level && specOfDraft(level)
    if (!spec) return setSaid({ text: 'Choose an agent first.', isProblem: true })
    if (!ProfileName.safeParse(name).success)
      return setSaid({ text: 'A name begins with a letter or a digit.', isProblem: true })
    const failed = await saveProfile(name, profileOf(spec))
    setSaid(failed ? { text: failed, isProblem: true } : { text: 'Kept.', isProblem: false })
  }
  return (
    <div className="row">
      <input
        className="input"
        aria-label="Name of a profile"
        placeholder="Keep this as a profile: its name"
        value={name}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => event.key === 'Enter' && void keep()}
        data-testid="profile-name"
      />
      <Button onClick={() => void keep()} data-testid="profile-keep">
        Keep
      </Button>
      {said && (
        <span
          className={said.isProblem ? 'field-problem' : 'small dim'}
          role={said.isProblem ? 'alert' : 'status'}
          data-testid="profile-said"
        >
          {said.text}
        </span>
      )}
    </div>
  )
}
