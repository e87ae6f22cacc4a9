import { describe, expect, test } from 'vitest'
import {
  coversHost,
  isOverBroad,
  parseAllowPattern,
  parseHostPattern,
  ruleCovers,
} from '../../../src/main/core/policy/match.ts'
import type { RuleId, SessionId } from '../../../src/shared/domain/ids.ts'
import type { Rule } from '../../../src/shared/domain/policy.ts'

test.each([
  ['example.org', 'example.org', true],
  ['example.org', 'a.example.org', false],
  ['example.org', 'badexample.org', false],
  ['*.example.org', 'a.example.org', true],
  ['*.example.org', 'a.b.c.example.org', true],
  ['*.example.org', 'example.org', false],
  ['*.example.org', 'badexample.org', false],
  ['*.example.org', 'a.example.org.evil.example', false],
  ['10.0.0.1', '10.0.0.1', true],
  ['[2001:db8:0::1]', '2001:db8::1', true],
  ['2001:DB8::1', '2001:db8::1', true],
  ['*.0.0.1', '10.0.0.1', false],
])('%s covers %s: %s', (pattern, host, expected) => {
  expect(coversHost(pattern, host)).toBe(expected)
})

test.each([
  '*',
  '*.',
  '*.com',
  '*.org',
  '*.co.uk',
  '*.com.au',
  '*.ac.jp',
  '*.github.io',
  '*.s3.amazonaws.com',
])('%s is over-broad', (pattern) => {
  expect(isOverBroad(pattern)).toBe(true)
  expect(parseAllowPattern(pattern).ok).toBe(false)
})

test('a rule that does not let through may be as wide as it likes', () => {
  expect(parseHostPattern('*.github.io')).toEqual({ ok: true, value: '*.github.io' })
})

test.each(['*.example.org', '*.example.co.uk', 'com', '*.bucket.s3.amazonaws.com'])(
  '%s is not over-broad',
  (pattern) => expect(isOverBroad(pattern)).toBe(false),
)

test.each([
  ['Example.ORG.', 'example.org'],
  ['*.Bücher.example', '*.xn--bcher-kva.example'],
  ['127.1', '127.0.0.1'],
  ['[::FFFF:10.0.0.1]', '10.0.0.1'],
])('the pattern %s is kept as %s', (typed, kept) => {
  expect(parseHostPattern(typed)).toEqual({ ok: true, value: kept })
})

test.each(['', '*.10.0.0.1', 'a.*.example', '*.*.example.org', 'a/b', 'a b', '**.example.org'])(
  'the pattern %j is refused',
  (typed) => expect(parseHostPattern(typed).ok).toBe(false),
)

describe('a rule', () => {
  const rule = (part: Partial<Rule>): Rule => ({
    id: 'rul_00000000' as RuleId,
    action: 'allow',
    host: 'example.org',
    port: null,
    scope: { kind: 'session', sessionId: 'ses_00000000' as SessionId },
    expiresAtMs: null,
    origin: 'user',
    createdAtMs: 0,
    ...part,
  })
  const destination = { host: 'a.example.com', port: 443, protocol: 'connect' } as const

  test('covers one port or every port', () => {
    const host = 'a.example.com'
    expect([null, 443, 80].map((port) => ruleCovers(rule({ host, port }), destination))).toEqual([
      true,
      true,
      false,
    ])
  })

  test.each([
    [{ host: 'host.cloche.internal', port: 5432 }, true],
    [{ host: 'host.cloche.internal', port: 80 }, false],
    [{ host: 'host.cloche.internal', port: null }, false],
    [{ host: '*.cloche.internal', port: 5432 }, false],
    [{ host: '127.0.0.1', port: 5432 }, false],
    [{ host: 'host.cloche.internal', port: null, action: 'deny' }, true],
    [{ host: '*.internal', port: null, action: 'deny' }, true],
  ] as const)('%j speaks of a service of this machine: %s', (part, expected) => {
    const service = { host: 'host.cloche.internal', port: 5432, protocol: 'direct' } as const
    expect(ruleCovers(rule(part), service)).toBe(expected)
  })

  test('that is over-broad denies but does not allow', () => {
    expect(ruleCovers(rule({ host: '*.com', action: 'deny' }), destination)).toBe(true)
    expect(ruleCovers(rule({ host: '*.com', action: 'allow' }), destination)).toBe(false)
  })
})
