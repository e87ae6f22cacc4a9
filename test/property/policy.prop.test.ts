import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NetworkMode } from '../../src/shared/domain/network-mode.ts'
import { decideByRules } from '../../src/main/core/policy/decide.ts'
import { canonicalHost } from '../../src/main/core/policy/host-name.ts'
import { coversHost } from '../../src/main/core/policy/match.ts'
import type { RuleId, SessionId } from '../../src/shared/domain/ids.ts'
import { type Destination, HostPattern, type Rule } from '../../src/shared/domain/policy.ts'

const SESSION = 'ses_aaaaaaaa' as SessionId
const WORKSPACE = '/w'

// Few labels, so that rules and destinations meet often.
const label = fc.constantFrom('a', 'b', 'api', 'x1', 'xn--bcher-kva')
const name = fc
  .array(label, { minLength: 1, maxLength: 3 })
  .map((labels) => [...labels, 'example', 'org'].join('.'))
const address = fc.constantFrom('10.0.0.1', '192.0.2.7', '2001:db8::1')
const host = fc.oneof({ weight: 4, arbitrary: name }, address)
const port = fc.constantFrom(80, 443)
const pattern = fc.oneof(
  host,
  name.map((text) => `*.${text}`),
  fc.constant('*.example.org'),
)
const destination: fc.Arbitrary<Destination> = fc.record({
  host,
  port,
  protocol: fc.constantFrom('connect', 'http', 'socks5'),
})
const rules: fc.Arbitrary<Rule[]> = fc
  .array(
    fc.record({
      action: fc.constantFrom('allow', 'deny'),
      host: pattern,
      port: fc.option(port),
      scope: fc.constantFrom(
        { kind: 'session' as const, sessionId: SESSION },
        { kind: 'workspace' as const, workspace: WORKSPACE },
        { kind: 'workspace' as const, workspace: '/other' },
        { kind: 'everywhere' as const },
      ),
    }),
    { maxLength: 6 },
  )
  .map((items) =>
    items.map((item, i) => ({
      ...item,
      expiresAtMs: null,
      id: `rul_${String(i).padStart(8, '0')}` as RuleId,
      origin: 'user' as const,
      createdAtMs: i,
    })),
  )
const otherwise = fc.constantFrom(...NetworkMode.options)

const decide = (
  to: Destination,
  among: readonly Rule[],
  otherwise: NetworkMode,
): ReturnType<typeof decideByRules> =>
  decideByRules({
    destination: to,
    rules: among,
    sessionId: SESSION,
    workspace: WORKSPACE,
    requester: null,
    otherwise,
  })
const isAllowed = (decision: ReturnType<typeof decideByRules>): boolean =>
  decision !== 'ask' && decision.action === 'allow'

describe('decisions', () => {
  test('the generators reach every answer', () => {
    const seen = fc
      .sample(fc.tuple(destination, rules, otherwise), { numRuns: 500, seed: 1 })
      .map(([to, among, otherwise]) => {
        const decision = decide(to, among, otherwise)
        return decision === 'ask' ? 'ask' : `${decision.action} by ${decision.by.kind}`
      })
    expect([...new Set(seen)].sort()).toEqual([
      'allow by default',
      'allow by rule',
      'ask',
      'deny by default',
      'deny by rule',
    ])
  })

  test('one more deny rule never turns a refusal into an allow', () => {
    fc.assert(
      fc.property(destination, rules, rules, otherwise, (to, among, more, otherwise) => {
        const denies = more.map((rule) => ({ ...rule, action: 'deny' as const }))
        const [before, after] = [among, [...among, ...denies]].map((list) =>
          isAllowed(decide(to, list, otherwise)),
        )
        expect(after === true && before === false).toBe(false)
      }),
    )
  })

  test('a closed network allows nothing, and a wider one never less than a narrower one', () => {
    fc.assert(
      fc.property(destination, rules, (to, among) => {
        const rank = NetworkMode.options.map((mode) => {
          const decision = decide(to, among, mode)
          return decision === 'ask' ? 1 : decision.action === 'allow' ? 2 : 0
        })
        expect(rank[0]).toBe(0)
        expect(rank).toEqual(rank.toSorted((a, b) => a - b))
      }),
    )
  })

  test('the order of the rules does not matter', () => {
    fc.assert(
      fc.property(
        rules.chain((list) =>
          fc.tuple(
            fc.constant(list),
            fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
          ),
        ),
        destination,
        otherwise,
        ([list, shuffled], to, otherwise) => {
          expect(decide(to, shuffled, otherwise)).toEqual(decide(to, list, otherwise))
        },
      ),
    )
  })
})

describe('spellings', () => {
  const spelled = name.chain((text) =>
    fc
      .record({
        upper: fc.array(fc.boolean(), { minLength: text.length, maxLength: text.length }),
        wide: fc.array(fc.boolean(), { minLength: text.length, maxLength: text.length }),
        dot: fc.constantFrom('.', '。', '．', '｡'),
        isDotted: fc.boolean(),
      })
      .map(({ upper, wide, dot, isDotted }) => {
        const letters = [...text].map((letter, i) => {
          const cased = upper[i] ? letter.toUpperCase() : letter
          if (cased === '.') return wide[i] ? dot : '.'
          return wide[i] ? String.fromCharCode(cased.charCodeAt(0) + 0xfee0) : cased
        })
        return { text, spelling: letters.join('') + (isDotted ? '.' : '') }
      }),
  )

  test('every spelling of a name is that name, for rules as well', () => {
    fc.assert(
      fc.property(spelled, pattern, ({ text, spelling }, rule) => {
        const canonical = canonicalHost(spelling)
        expect(canonical).toEqual({ ok: true, value: text })
        expect(coversHost(spelling, text)).toBe(true)
        expect(canonical.ok && coversHost(rule, canonical.value)).toBe(coversHost(rule, text))
      }),
    )
  })

  test('every spelling of an IPv4 address is that address', () => {
    const part = fc.integer({ min: 0, max: 255 })
    const base = fc.constantFrom(8, 10, 16)
    const write = (value: number, radix: number): string =>
      (radix === 16 ? '0x' : radix === 8 ? '0' : '') + value.toString(radix)
    fc.assert(
      fc.property(fc.tuple(part, part, part, part), fc.tuple(base, base, base), (parts, bases) => {
        const [a, b, c, d] = parts
        const [first, second, third] = bases
        const last = c * 256 + d
        const spellings = [
          parts.join('.'),
          `${write(a, first)}.${write(b, second)}.${write(last, third)}`,
          `${write(a, first)}.${write(b * 65536 + last, second)}`,
          write(a * 2 ** 24 + b * 65536 + last, third),
          `::ffff:${parts.join('.')}`,
          `64:ff9b::${(a * 256 + b).toString(16)}:${last.toString(16)}`,
        ]
        expect(spellings.map((text) => canonicalHost(text))).toEqual(
          spellings.map(() => ({ ok: true, value: parts.join('.') })),
        )
      }),
    )
  })

  test('whatever is accepted is canonical, a valid rule, and covered by itself', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.domain(),
      fc.ipV6(),
      fc.stringMatching(/^[0-9a-fx.:[\]%]{1,20}$/),
    )
    fc.assert(
      fc.property(text, (raw) => {
        const first = canonicalHost(raw)
        if (!first.ok) return
        expect(canonicalHost(first.value)).toEqual(first)
        expect(HostPattern.safeParse(first.value).success).toBe(true)
        expect(coversHost(raw, first.value)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })
})
