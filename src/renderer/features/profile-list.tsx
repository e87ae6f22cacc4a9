import { useEffect, useState } from 'react'
import { wordsOfProblem } from '../../shared/domain/policy-file.ts'
import type { Profile } from '../../shared/domain/profile.ts'
import { useConnection } from '../connection.ts'
import { listProfiles, useProfiles } from '../stores/profiles.ts'
import { setUi } from '../stores/ui.ts'
import { Button } from '../ui/button.tsx'
import { Path } from '../ui/text.tsx'
import { summaryOfPolicy } from '../words/policy-formats.ts'
import { ExportProfileDialog } from './export-profile.tsx'

/** What a new session can begin as; those of other tools come in here, and leave. */
export function ProfileList() {
  const profiles = useProfiles((state) => state.profiles)
  const connection = useConnection()
  const [leaving, setLeaving] = useState<string | null>(null)
  useEffect(() => {
    void listProfiles()
  }, [connection])
  if (!profiles) return null
  return (
    <section className="card-group" aria-label="Profiles" data-testid="profiles">
      <div className="row">
        <h2 className="grow">
          Profiles <span className="faint num">{profiles.length}</span>
        </h2>
        <Button
          small
          onClick={() => setUi({ overlay: 'import-settings' })}
          data-testid="import-settings-button"
        >
          Import settings…
        </Button>
      </div>
      <ul className="rule-list framed">
        {profiles.map((profile) => (
          <ProfileRow
            key={`${profile.origin} ${profile.name}`}
            profile={profile}
            onExport={() => setLeaving(profile.name)}
          />
        ))}
      </ul>
      {leaving !== null && <ExportProfileDialog of={leaving} onClose={() => setLeaving(null)} />}
    </section>
  )
}

function ProfileRow({
  profile: { name, origin, policy, problem, path },
  onExport,
}: {
  profile: Profile
  onExport: () => void
}) {
  return (
    <li className="rule-row" data-testid="profile-row" data-profile={name}>
      <span className="stack-tight grow">
        <span>{name}</span>
        <span className="small faint row">
          {policy && <span className="clip">{summaryOfPolicy(policy)}</span>}
          {problem && <span className="warn-text clip">{wordsOfProblem(problem)}</span>}
        </span>
      </span>
      <span className="small faint profile-origin">
        {path === null ? 'comes with Cloche' : origin === 'yours' && <Path path={path} />}
      </span>
      <Button
        small
        disabled={policy === null}
        aria-label={`Export the profile ${name}`}
        onClick={onExport}
        data-testid="profile-export"
      >
        Export…
      </Button>
    </li>
  )
}
