import { toggleGrant, useDraft } from '../stores/draft.ts'
import { usePresets } from '../stores/rule-actions.ts'
import { plural } from '../words/format.ts'

export const sumUpHosts = (granted: number): string =>
  granted === 0 ? 'None allowed beforehand' : `${plural(granted, 'host')} allowed beforehand`

/** Lists of hosts to allow for this session, each to be read and ticked. */
export function PresetGrants() {
  const presets = usePresets()
  const grants = useDraft((draft) => draft.grants)
  return (
    <div className="stack" data-testid="preset-grants">
      {presets.map(({ id, title, hosts }) => {
        const missing = hosts.filter(({ host }) => !grants.includes(host))
        return (
          <fieldset key={id} className="field">
            <label className="check">
              <input
                type="checkbox"
                checked={missing.length === 0}
                onChange={() => {
                  for (const { host } of missing.length > 0 ? missing : hosts) toggleGrant(host)
                }}
                data-testid={`grant-preset-${id}`}
              />
              <span className="row wrap">
                {title}
                <span className="small dim mono">{hosts.map(({ host }) => host).join(', ')}</span>
              </span>
            </label>
          </fieldset>
        )
      })}
    </div>
  )
}
