import type { Destination, Rule } from '../../../shared/domain/policy.ts'
import { bySpecificity } from './decide.ts'
import { coversHost } from './match.ts'
import { type Asker, isInScope } from './scope.ts'

/**
 * Whether TLS to a destination is looked into: a rule about single requests needs it, and the most
 * specific rule that says something of it decides.
 */
export function looksInside(
  rules: readonly Rule[],
  asker: Asker,
  { host, port }: Pick<Destination, 'host' | 'port'>,
): boolean {
  const speaking = rules.filter(
    (rule) =>
      (rule.inspect !== undefined || rule.request !== undefined) &&
      isInScope(rule, asker) &&
      (rule.port === null || rule.port === port) &&
      coversHost(rule.host, host),
  )
  const rule = speaking.sort(bySpecificity)[0]
  return rule !== undefined && (rule.inspect ?? true)
}
