import type { SystemInfo } from '../../shared/contract/api.ts'
import type { Diagnosis } from '../../shared/domain/sandbox.ts'

/** Plain text to paste into a bug report; the person reads it before it goes anywhere. */
export function reportOf(info: SystemInfo | null, diagnoses: readonly Diagnosis[]): string {
  const lines = [`Cloche ${info?.version ?? '?'} on ${info?.platform ?? '?'}`]
  for (const { title, status, summary, facts } of diagnoses) {
    lines.push('', `${title}: ${status}`, `  ${summary}`)
    for (const fact of facts) lines.push(`  ${fact.name}: ${fact.value}`)
  }
  return lines.join('\n')
}
