import type { MappedKey, MappingReport, ShownReport } from '../../shared/domain/policy-formats.ts'
import { Icon, type IconName } from '../ui/icons.tsx'
import { AgentText } from '../ui/text.tsx'
import { plural } from '../words/format.ts'
import { GROUP_NAMES } from '../words/policy-formats.ts'

const GROUPS: readonly (keyof MappingReport)[] = ['exact', 'approximate', 'dropped']
const ICONS: Readonly<Record<keyof MappingReport, IconName>> = {
  ...{ exact: 'check', approximate: 'about', dropped: 'close' },
}

/** What became of each key, in the words of who reads or writes the other file. */
export function MappingReportView({ report, none }: { report: ShownReport; none: string }) {
  const shown = GROUPS.filter((group) => report[group].length > 0)
  return (
    <div className="mapping scroll" tabIndex={0} role="region" aria-label="Report">
      {shown.length === 0 && <p className="small dim mapping-none">{none}</p>}
      {shown.map((group) => (
        <section key={group} className={group} data-testid={`mapping-${group}`}>
          <h3>
            <Icon name={ICONS[group]} />
            {GROUP_NAMES[group]} <span className="faint num">{report[group].length}</span>
          </h3>
          <ul>
            {report[group].map((mapped, index) => (
              <Row key={index} mapped={mapped} />
            ))}
          </ul>
        </section>
      ))}
      {report.unlisted > 0 && (
        <p className="small faint mapping-none">And {plural(report.unlisted, 'key')} more.</p>
      )}
    </div>
  )
}

function Row({ mapped: { key, becomes, why } }: { mapped: MappedKey }) {
  return (
    <li data-testid="mapping-row">
      <AgentText text={key} max={400} bare />
      {becomes !== null && (
        <span className="mapping-becomes">
          <span className="faint" aria-label="becomes">
            →
          </span>
          <AgentText text={becomes} max={400} bare />
        </span>
      )}
      {why !== null && <span className="small dim">{why}</span>}
    </li>
  )
}
