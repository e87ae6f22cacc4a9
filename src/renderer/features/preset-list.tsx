import type { HostPreset } from '../../shared/domain/policy.ts'
import { takePreset, usePresets } from '../stores/rule-actions.ts'
import { useRules } from '../stores/rules.ts'
import { Button } from '../ui/button.tsx'
import { Disclosure } from '../ui/disclosure.tsx'

/** Hosts that go together, to be read and taken. Where they are is asked of the tools themselves. */
export function PresetList() {
  const presets = usePresets()
  if (presets.length === 0) return null
  return (
    <section className="card-group" aria-label="Lists of hosts" data-testid="presets">
      <h2>Lists of hosts</h2>
      {presets.map((preset) => (
        <Preset key={preset.id} preset={preset} />
      ))}
    </section>
  )
}

function Preset({ preset }: { preset: HostPreset }) {
  const allowed = useRules(({ rules }) =>
    preset.hosts.every(({ host }) =>
      rules.some(
        (rule) => rule.scope.kind === 'everywhere' && rule.action === 'allow' && rule.host === host,
      ),
    ),
  )
  return (
    <Disclosure
      title={preset.title}
      summary={preset.hosts.map(({ host }) => host).join(', ')}
      testId={`preset-${preset.id}`}
    >
      <dl className="facts">
        {preset.hosts.map(({ host, why }) => (
          <div key={host} className="preset-host">
            <dt className="mono">{host}</dt>
            <dd>{why}</dd>
          </div>
        ))}
      </dl>
      <Button
        small
        disabled={allowed}
        onClick={() => void takePreset(preset, { kind: 'everywhere' })}
        data-testid={`preset-${preset.id}-take`}
      >
        {allowed ? 'Allowed for every session' : 'Allow for every session'}
      </Button>
    </Disclosure>
  )
}
