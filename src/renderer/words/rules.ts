import type { Rule, RuleDraft } from '../../shared/domain/policy.ts'
import { plural } from './format.ts'

export const ACTION_NAMES: Readonly<Record<Rule['action'], string>> = {
  allow: 'Allow',
  deny: 'Deny',
  ask: 'Ask',
}

export const ORIGIN_WORDS: Readonly<Record<Rule['origin'], string>> = {
  prompt: 'answered prompt',
  'agent-grant': 'granted at start',
  user: 'made by you',
  preset: 'from a list',
}

const SCHEMES = { http: ' over plain HTTP', https: ' over TLS' } as const

export const patternOf = ({ host, port, scheme }: Pick<Rule, 'host' | 'port' | 'scheme'>): string =>
  `${host}${port === null ? '' : `:${port}`}${scheme ? SCHEMES[scheme] : ''}`

const VERBS: Readonly<Record<Rule['action'], string>> = {
  allow: 'may connect to',
  deny: 'may not connect to',
  ask: 'must ask before it connects to',
}

const SCOPES: Readonly<Record<Rule['scope']['kind'], string>> = {
  process: 'The process and what it starts',
  session: 'Everything in this session',
  workspace: 'Everything in sessions of this workspace',
  everywhere: 'Everything in every session',
}

/** What a rule will cover, before it is saved. */
export function wordsOfDraft({ action, host, port, scheme, scope }: RuleDraft): string {
  const name = host.trim() || '…'
  const where = name.startsWith('*.')
    ? `every name below ${name.slice(2)}`
    : name.includes('/')
      ? `the addresses ${name}`
      : name
  const how = `${port === null ? ', every port' : `, port ${port}`}${scheme ? SCHEMES[scheme] : ''}`
  return `${SCOPES[scope.kind]} ${VERBS[action]} ${where}${how}.`
}

export const wordsOfReach = (count: number): string =>
  count === 0
    ? 'No attempt so far would have been covered.'
    : `${plural(count, 'attempt')} so far would have been covered.`
