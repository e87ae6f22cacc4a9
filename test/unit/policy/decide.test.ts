import { expect, test } from 'vitest'
import { decideByRules } from '../../../src/main/core/policy/decide.ts'
import type { RuleId, SessionId } from '../../../src/shared/domain/ids.ts'
import type { Rule } from '../../../src/shared/domain/policy.ts'

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
  origin: 'prompt',
  createdAtMs: 0,
  ...part,
})

const decide = (rules: readonly Rule[], sessionDefault: 'ask' | 'deny' = 'ask') =>
  decideByRules({
    destination: { host: 'api.example.org', port: 443, protocol: 'connect' },
    rules,
    sessionId: SESSION,
    workspace: WORKSPACE,
    sessionDefault,
  })
const byRule = (action: 'allow' | 'deny', n: number) => ({
  action,
  by: { kind: 'rule', ruleId: ID(n) },
})

test('without a rule the session default answers', () => {
  expect(decide([])).toBe('ask')
  expect(decide([], 'deny')).toEqual({
    action: 'deny',
    by: { kind: 'default', reason: expect.any(String) },
  })
})

test('a rule answers, whatever the default is', () => {
  expect(decide([rule(1, {})])).toEqual(byRule('allow', 1))
  expect(decide([rule(1, {})], 'deny')).toEqual(byRule('allow', 1))
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
