import { setDetails, useDetails } from '../stores/draft-details.ts'
import { toggleGrant, useDraft } from '../stores/draft.ts'
import { usePresets } from '../stores/rule-actions.ts'
import { Check } from '../ui/choices.tsx'
import { plural } from '../words/format.ts'

export const sumUpHosts = (granted: number, looksIntoTls: boolean): string =>
  `${granted === 0 ? 'None' : plural(granted, 'host')} allowed beforehand${
    looksIntoTls ? ', TLS can be looked into' : ''
  }`

/** Lists of hosts to allow for this session, each to be read and ticked. */
export function PresetGrants() {
  const presets = usePresets()
  const grants = useDraft((draft) => draft.grants)
  const inspectTls = useDetails((details) => details.inspectTls)
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
      <Check
        name="Let rules look into TLS"
        checked={inspectTls}
        onChange={(checked) => setDetails({ inspectTls: checked })}
        testId="inspect-tls"
      >
        Programs inside trust a certificate that is made for this session and goes with it. Only
        hosts that a rule names are looked into.
      </Check>
    </div>
  )
}
