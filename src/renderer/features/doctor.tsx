import type { Diagnosis, DiagnosisStatus } from '../../shared/domain/sandbox.ts'
import { probe, useMachine } from '../stores/machine.ts'
import { type Density, setUi, type Theme, useUi } from '../stores/ui.ts'
import { LevelGlyph } from '../ui/badges.tsx'
import { Button } from '../ui/button.tsx'
import { type Choice, Segmented } from '../ui/choices.tsx'
import { CommandLine, CopyButton } from '../ui/copy.tsx'
import { Icon, type IconName } from '../ui/icons.tsx'
import { Failed, Loading } from '../ui/states.tsx'
import { useNow } from '../ui/use-now.ts'
import { formatAgo } from '../words/format.ts'
import { reportOf } from '../words/report.ts'
import { AgentPostures } from './agent-postures.tsx'
import { KeptVariables } from './kept-variables.tsx'

const STATUS: Readonly<Record<DiagnosisStatus, { word: string; icon: IconName }>> = {
  usable: { word: 'Usable', icon: 'check' },
  missing: { word: 'Missing', icon: 'info' },
  blocked: { word: 'Blocked', icon: 'warning' },
  unsupported: { word: 'Not available', icon: 'deny' },
}

const THEMES: readonly Choice<Theme>[] = [
  { value: 'system', label: 'As the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
]
const DENSITIES: readonly Choice<Density>[] = [
  { value: 'default', label: 'Default' },
  { value: 'compact', label: 'Compact' },
]

/** Can this machine enforce that? */
export function DoctorPage() {
  const { info, diagnoses, isProbing, probedAtMs, problem } = useMachine()
  const { theme, density } = useUi()
  const now = useNow()
  return (
    <section className="page" aria-labelledby="doctor-title" data-testid="page-doctor">
      <header className="page-head with-actions">
        <div>
          <h1 id="doctor-title">Doctor</h1>
          <p className="dim">
            What this machine can enforce, tried out rather than looked up.
            {probedAtMs !== null && ` Probed ${formatAgo(probedAtMs, now)}.`}
          </p>
        </div>
        <span className="grow" />
        {diagnoses && <CopyButton text={reportOf(info, diagnoses)} label="Copy report" />}
        <Button
          small
          icon="restart"
          disabled={isProbing}
          onClick={() => void probe()}
          data-testid="doctor-probe"
        >
          {isProbing ? 'Probing' : 'Probe again'}
        </Button>
      </header>
      <div className="page-body scroll">
        {info?.notices.map((notice) => (
          <div key={notice} className="notice warn" data-testid="doctor-notice">
            <Icon name="warning" />
            <p>{notice}</p>
          </div>
        ))}
        {problem && !diagnoses && <Failed what="The diagnosis" retry={() => void probe()} />}
        {!diagnoses && !problem && <Loading what="the diagnosis" rows={6} />}
        {diagnoses?.map((diagnosis) => (
          <DiagnosisCard key={diagnosis.id} diagnosis={diagnosis} />
        ))}
        <AgentPostures />
        <KeptVariables />
        <section className="card-group settings" aria-label="Settings">
          <h2>Settings</h2>
          <div className="setting">
            <span>Theme</span>
            <Segmented
              label="Theme"
              value={theme}
              choices={THEMES}
              onChange={(value) => setUi({ theme: value })}
              testId="theme"
            />
          </div>
          <div className="setting">
            <span>Density</span>
            <Segmented
              label="Density"
              value={density}
              choices={DENSITIES}
              onChange={(value) => setUi({ density: value })}
              testId="density"
            />
          </div>
        </section>
        {info && (
          <p className="small faint">
            Cloche {info.version} on {info.platform}
          </p>
        )}
      </div>
    </section>
  )
}

export function DiagnosisCard({ diagnosis }: { diagnosis: Diagnosis }) {
  const { word, icon } = STATUS[diagnosis.status]
  return (
    <article
      className={`diagnosis ${diagnosis.status}`}
      data-testid="diagnosis"
      data-id={diagnosis.id}
      data-status={diagnosis.status}
    >
      <header className="row">
        {diagnosis.level ? <LevelGlyph level={diagnosis.level} /> : <Icon name="info" />}
        <h2>{diagnosis.title}</h2>
        <span className="grow" />
        <span className="diagnosis-status">
          <Icon name={icon} />
          {word}
        </span>
      </header>
      <p>{diagnosis.summary}</p>
      {diagnosis.facts.length > 0 && (
        <dl className="facts">
          {diagnosis.facts.map((fact) => (
            <FactRow key={fact.name} {...fact} />
          ))}
        </dl>
      )}
      {diagnosis.remedies.map((remedy, index) => (
        <div key={index} className="stack-tight">
          <span>{remedy.say}</span>
          {remedy.command && <CommandLine command={remedy.command} />}
        </div>
      ))}
    </article>
  )
}

function FactRow({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className="mono">{value}</dd>
    </>
  )
}
