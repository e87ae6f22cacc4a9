import type { RequestPattern, Rule, RuleDraft } from '../../shared/domain/policy.ts'
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

type Pattern = Pick<Rule, 'host' | 'port' | 'scheme' | 'request' | 'inspect'>

export const patternOf = ({ host, port, scheme, request, inspect }: Pattern): string =>
  `${host}${port === null ? '' : `:${port}`}${scheme ? SCHEMES[scheme] : ''}${narrowingOf({
    request,
    inspect,
  })}`

/** What a rule says of single requests; empty: nothing. */
export const narrowingOf = ({ request, inspect }: Pick<Rule, 'request' | 'inspect'>): string =>
  `${request ? `, ${requestOf(request)}` : ''}${
    inspect === undefined ? '' : INSPECT[inspect ? 'yes' : 'no']
  }`

const INSPECT = { yes: ', looked into', no: ', never looked into' } as const

function requestOf({ methods, path }: RequestPattern): string {
  const verbs = methods ? methods.join(' and ') : 'requests'
  return path === null ? `only ${verbs}` : `only ${verbs} to ${path}`
}

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
export function wordsOfDraft(draft: RuleDraft): string {
  const { action, host, port, scheme, scope, request, inspect } = draft
  const name = host.trim() || '…'
  const where = name.startsWith('*.')
    ? `every name below ${name.slice(2)}`
    : name.includes('/')
      ? `the addresses ${name}`
      : name
  const how = `${port === null ? ', every port' : `, port ${port}`}${scheme ? SCHEMES[scheme] : ''}`
  const which = request ? `, ${requestOf(request)}` : ''
  const look =
    request || inspect
      ? ' TLS to it is looked into, in sessions that were started for that.'
      : inspect === false
        ? ' TLS to it is never looked into.'
        : ''
  return `${SCOPES[scope.kind]} ${VERBS[action]} ${where}${how}${which}.${look}`
}

export const wordsOfReach = (count: number): string =>
  count === 0
    ? 'No attempt so far would have been covered.'
    : `${plural(count, 'attempt')} so far would have been covered.`
