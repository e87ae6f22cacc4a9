import { describe, expect, test } from 'vitest'
import type { NetworkMode } from '../../../src/shared/domain/network-mode.ts'
import { decideByRules } from '../../../src/main/core/policy/decide.ts'
import { looksInside } from '../../../src/main/core/policy/looks-inside.ts'
import type { KnownTraffic } from '../../../src/main/core/policy/match.ts'
import type { RuleId, SessionId } from '../../../src/shared/domain/ids.ts'
import { processKey } from '../../../src/shared/domain/process.ts'
import type { Requester, Rule } from '../../../src/shared/domain/policy.ts'

const SESSION = 'ses_aaaaaaaa' as SessionId
const OTHER = 'ses_bbbbbbbb' as SessionId
const WORKSPACE = '/home/dev/project'
const ID = (n: number): RuleId => `rul_0000000${n}` as RuleId

const rule = (n: number, part: Partial<Rule>): Rule => ({
  id: ID(n),
  action: 'allow',
  host: 'api.example.org',
  port: null,
  scope: { kind: 'session', sessionId: SESSION },
  expiresAtMs: null,
  origin: 'prompt',
  createdAtMs: 0,
  ...part,
})

const decide = (
  rules: readonly Rule[],
  otherwise: NetworkMode = 'ask',
  requester: Requester | null = null,
) =>
  decideByRules({
    destination: { host: 'api.example.org', port: 443, protocol: 'connect' },
    rules,
    sessionId: SESSION,
    workspace: WORKSPACE,
    requester,
    otherwise,
  })
const byRule = (action: 'allow' | 'deny', n: number) => ({
  action,
  by: { kind: 'rule', ruleId: ID(n) },
})

test('without a rule the session default answers', () => {
  expect(decide([])).toBe('ask')
  expect(decide([], 'listed')).toEqual({
    action: 'deny',
    by: { kind: 'default', reason: expect.any(String) },
  })
})

test('a rule answers, whatever the default is', () => {
  expect(decide([rule(1, {})])).toEqual(byRule('allow', 1))
  expect(decide([rule(1, {})], 'listed')).toEqual(byRule('allow', 1))
})

test('deny wins, even when it is less specific', () => {
  expect(
    decide([rule(1, { port: 443 }), rule(2, { action: 'deny', host: '*.example.org' })]),
  ).toEqual(byRule('deny', 2))
})

test('the most specific allow explains', () => {
  const rules = [
    rule(1, { host: '*.example.org', port: 443 }),
    rule(2, {}),
    rule(3, { port: 443 }),
    rule(4, { port: 443 }),
  ]
  expect(decide(rules)).toEqual(byRule('allow', 3))
  expect(decide(rules.slice(0, 2))).toEqual(byRule('allow', 2))
})

test('rules of other sessions and workspaces do not count', () => {
  const elsewhere = [
    rule(1, { scope: { kind: 'session', sessionId: OTHER } }),
    rule(2, { scope: { kind: 'workspace', workspace: `${WORKSPACE}/sub` } }),
  ]
  expect(decide(elsewhere)).toBe('ask')
  const here = rule(3, { scope: { kind: 'workspace', workspace: WORKSPACE } })
  expect(decide([...elsewhere, here])).toEqual(byRule('allow', 3))
})

const identity = (pid: number) => ({
  key: processKey(pid, 1),
  pid,
  name: `p${pid}`,
  argv: [],
  exe: null,
})
const asker = (...pids: [number, ...number[]]): Requester => {
  const [process, ...ancestors] = pids.map(identity)
  return { process: process!, ancestors }
}

test('a rule for a process holds for it and what it starts, in its own session only', () => {
  const scope = {
    kind: 'process' as const,
    sessionId: SESSION,
    process: processKey(7, 1),
    name: 'npm',
  }
  const rules = [rule(1, { scope })]
  expect(decide(rules, 'ask', asker(7, 2))).toEqual(byRule('allow', 1))
  expect(decide(rules, 'ask', asker(9, 8, 7, 2))).toEqual(byRule('allow', 1))
  expect(decide(rules, 'ask', asker(8, 2))).toBe('ask')
  expect(decide(rules, 'ask', null)).toBe('ask')
  // The number was given to another process.
  const later = { process: { ...identity(7), key: processKey(7, 99) }, ancestors: [] }
  expect(decide(rules, 'ask', later)).toBe('ask')
  const other = [rule(1, { scope: { ...scope, sessionId: OTHER } })]
  expect(decide(other, 'ask', asker(7))).toBe('ask')
})

test('a rule for everywhere holds for every session; the narrower scope explains', () => {
  const everywhere = rule(1, { scope: { kind: 'everywhere' } })
  expect(decide([everywhere])).toEqual(byRule('allow', 1))
  expect(decide([everywhere, rule(2, {})])).toEqual(byRule('allow', 2))
})

test('a person who wants to be asked about one host of an allowed domain is', () => {
  const wide = rule(1, { host: '*.example.org' })
  const asks = rule(2, { action: 'ask' })
  expect(decide([wide])).toEqual(byRule('allow', 1))
  expect(decide([wide, asks])).toBe('ask')
  // In a session that does not ask, asking is denying.
  expect(decide([wide, asks], 'listed')).toMatchObject({ action: 'deny', by: { kind: 'default' } })
  // The most specific of both wins; a tie asks; a denial wins over both.
  expect(decide([rule(1, {}), rule(2, { action: 'ask', host: '*.example.org' })])).toEqual(
    byRule('allow', 1),
  )
  expect(decide([rule(1, {}), asks])).toBe('ask')
  expect(decide([rule(3, { action: 'deny', host: '*.org' }), asks])).toEqual(byRule('deny', 3))
})

test('a rule for one scheme speaks of nothing else', () => {
  const via = (protocol: 'connect' | 'http' | 'socks5' | 'direct', scheme: 'http' | 'https') =>
    decideByRules({
      destination: { host: 'api.example.org', port: 443, protocol },
      rules: [rule(1, { scheme })],
      sessionId: SESSION,
      workspace: WORKSPACE,
      requester: null,
      otherwise: 'ask',
    })
  expect(via('http', 'http')).toEqual(byRule('allow', 1))
  for (const protocol of ['connect', 'socks5', 'direct'] as const)
    expect(via(protocol, 'https')).toEqual(byRule('allow', 1))
  expect(via('http', 'https')).toBe('ask')
})

const GET_REPOS = { methods: ['GET'], path: '/repos/**' }
const asked = (method: string, path: string): KnownTraffic => ({
  carries: 'https',
  looksInside: true,
  request: { method, path },
})

describe('what a tunnel carries shows later', () => {
  const said = (action: Rule['action'], part: Partial<Rule>, known: KnownTraffic) =>
    decideByRules({
      destination: { host: 'api.example.org', port: 443, protocol: 'connect' },
      known,
      rules: [rule(1, { action, ...part })],
      sessionId: SESSION,
      workspace: WORKSPACE,
      requester: null,
      otherwise: 'ask',
    })
  const isSaid = (...asked: Parameters<typeof said>): boolean => {
    const decision = said(...asked)
    return decision !== 'ask' && decision.action === asked[0]
  }

  test.each<[Rule['action'], Partial<Rule>, KnownTraffic, boolean]>([
    // A scheme: taken on trust by what allows until it shows, by what denies only then.
    ['allow', { scheme: 'https' }, {}, true],
    ['allow', { scheme: 'https' }, { carries: 'https' }, true],
    ['allow', { scheme: 'https' }, { carries: 'http' }, false],
    ['allow', { scheme: 'https' }, { carries: 'other' }, false],
    ['deny', { scheme: 'http' }, {}, false],
    ['deny', { scheme: 'http' }, { carries: 'http' }, true],
    ['deny', { scheme: 'http' }, { carries: 'https' }, false],
    // Requests: allowed one by one where they can be read, and not at all where they cannot.
    ['allow', { request: GET_REPOS }, {}, true],
    ['allow', { request: GET_REPOS }, { carries: 'http' }, true],
    ['allow', { request: GET_REPOS }, { carries: 'https' }, false],
    ['allow', { request: GET_REPOS }, { carries: 'https', looksInside: true }, true],
    ['allow', { request: GET_REPOS }, { carries: 'other', looksInside: true }, false],
    ['allow', { request: GET_REPOS }, asked('GET', '/repos/a'), true],
    ['allow', { request: GET_REPOS }, asked('POST', '/repos/a'), false],
    ['allow', { request: GET_REPOS }, asked('GET', '/user'), false],
    ['allow', { request: GET_REPOS }, asked('GET', '/repos/../user'), false],
    ['allow', { request: GET_REPOS }, asked('GET', '/repos/%2e%2e/user'), false],
    ['allow', { request: GET_REPOS }, asked('GET', '/repos/..%2fuser'), false],
    ['allow', { request: GET_REPOS }, asked('GET', '/%72epos/a'), true],
    ['deny', { request: GET_REPOS }, {}, false],
    ['deny', { request: GET_REPOS }, { carries: 'https' }, true],
    ['deny', { request: GET_REPOS }, { carries: 'https', looksInside: true }, false],
    ['deny', { request: GET_REPOS }, asked('GET', '/repos/a'), true],
    ['deny', { request: GET_REPOS }, asked('GET', '/user/..%2frepos/a'), true],
    ['deny', { request: GET_REPOS }, asked('POST', '/repos/a'), false],
  ])('%s %j, known %j: %s', (action, part, known, expected) => {
    expect(isSaid(action, part, known)).toBe(expected)
  })
})

describe('TLS is looked into', () => {
  const looks = (...rules: Partial<Rule>[]): boolean =>
    looksInside(
      rules.map((part, index) => rule(index + 1, part)),
      { sessionId: SESSION, workspace: WORKSPACE, requester: null },
      { host: 'api.example.org', port: 443 },
    )
  test.each<[string, boolean, Partial<Rule>[]]>([
    ['by no rule of its own', false, [{}]],
    ['where a rule says so', true, [{ inspect: true }]],
    ['where a rule speaks of requests', true, [{ request: GET_REPOS }]],
    ['but not at another host', false, [{ host: 'x.example.org', inspect: true }]],
    ['but not at another port', false, [{ port: 22, inspect: true }]],
    [
      'unless a more specific rule exempts it',
      false,
      [{ host: '*.example.org', inspect: true }, { inspect: false }],
    ],
    [
      'also where only a wider rule exempts it',
      true,
      [{ host: '*.example.org', inspect: false }, { inspect: true }],
    ],
  ])('%s', (_, expected, rules) => expect(looks(...rules)).toBe(expected))
})

describe('the mode of a session', () => {
  const to = (host: string, otherwise: NetworkMode, rules: Rule[] = []) =>
    decideByRules({
      ...{ destination: { host, port: 443, protocol: 'connect' }, rules, otherwise },
      ...{ sessionId: SESSION, workspace: WORKSPACE, requester: null },
    })

  test('closed denies also what a rule allows', () => {
    expect(decide([rule(1, { action: 'allow' })])).toEqual(byRule('allow', 1))
    expect(decide([rule(1, { action: 'allow' })], 'closed')).toEqual({
      action: 'deny',
      by: { kind: 'default', reason: 'the network of this session is closed' },
    })
  })

  test('open allows the internet; what a rule denies or wants asked stays so', () => {
    expect(to('api.example.org', 'open')).toMatchObject({
      action: 'allow',
      by: { kind: 'default' },
    })
    expect(to('203.0.113.7', 'open')).toMatchObject({ action: 'allow' })
    expect(decide([rule(1, { action: 'deny' })], 'open')).toEqual(byRule('deny', 1))
    expect(decide([rule(1, { action: 'ask' })], 'open')).toBe('ask')
  })

  test.each([
    ...['host.cloche.internal', '10.1.2.3', '172.20.0.1', '192.168.1.1', '100.64.0.1'],
    ...['169.254.1.1', '127.0.0.1', 'fd00::1', 'fe80::1', '::1', '::ffff:10.0.0.1'],
  ])('open is not this machine or its networks: %s still asks', (host) => {
    expect(to(host, 'open')).toBe('ask')
  })
})
