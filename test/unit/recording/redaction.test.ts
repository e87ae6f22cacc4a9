import { describe, expect, test } from 'vitest'
import { ContentHash } from '../../../src/shared/domain/file-changes.ts'
import { packBundle, unpackBundle } from '../../../src/shared/recording/bundle.ts'
import { hitsIn, redactBundle } from '../../../src/shared/recording/redacted-bundle.ts'
import {
  homeRedaction,
  KNOWN_SECRETS,
  redactText,
  wordRedaction,
} from '../../../src/shared/recording/redaction.ts'
import type { TerminalRecord } from '../../../src/shared/terminal-log.ts'

const x = (count: number): string => 'x1Y2'.repeat(count).slice(0, count)

describe('known forms of secrets', () => {
  test.each([
    ['anthropic', `key ${'sk-ant-'}api03-${x(40)} end`],
    ['openai', `key ${'sk-'}proj-${x(40)} end`],
    ['github', `https://${'ghp_'}${x(36)}@github.com`],
    ['gitlab', `${'glpat-'}${x(20)}`],
    ['aws', `id ${'AKIA'}IOSFODNN7EXAMPLE`],
    ['google', `${'AIza'}${x(35)}`],
    ['slack', `${'xoxb-'}123456789012-${x(12)}`],
    ['npm', `_authToken=${'npm_'}${x(36)}`],
    ['stripe', `${'sk_live_'}${x(24)}`],
    ['jwt', `${'eyJ'}hbGciOiJIUzI1NiJ9.${'eyJ'}zdWIiOiIxMjM0NTY3ODkwIn0.${x(20)}`],
    ['bearer', `Authorization: Bearer ${x(16)}`],
    ['assigned', `export NPM_TOKEN=${x(12)}`],
    ['url-password', `postgres://ada:${x(12)}@db.example.org/x`],
    ['private-key', `-----BEGIN ${'PRIVATE'} KEY-----\n${x(64)}\n-----END ${'PRIVATE'} KEY-----`],
  ])('%s is found, and as many marks stand in its place', (id, text) => {
    const rule = KNOWN_SECRETS.find((item) => item.id === id)!
    const redacted = redactText(text, [rule])
    expect(redacted).toHaveLength(text.length)
    expect(redacted).toMatch(/\*{6,}/)
    expect(redacted).not.toContain(x(8))
    expect(redactText(redacted, KNOWN_SECRETS)).toBe(redactText(text, KNOWN_SECRETS))
  })

  test('ordinary words are left as they are', () => {
    const text = [
      'git checkout 4f9a1c77e2d4b8a60f1e2d3c4b5a69788f7e6d5c',
      'the task-force of sk-learn, ask-anything and risk-adjusted values',
      'https://example.org:8080/a@b  user@example.org  TOKEN= PASSWORD=',
      'sha512-7vYk2+1Z0m1q8G3dO5rJ0Xq8uFhZ8V6o3b1bXz7p0H8=',
    ].join('\n')
    expect(redactText(text, KNOWN_SECRETS)).toBe(text)
  })
})

test('the person’s name in paths, and nothing that only begins like it', () => {
  const home = homeRedaction('/home/ada')
  expect(redactText('/home/ada/src /home/adam /home/ada: ada', [home])).toBe(
    '/home/***/src /home/adam /home/***: ada',
  )
})

test('a chosen word of signs is taken as it is; too short a one is refused', () => {
  expect(redactText('a.b axb', [wordRedaction('a.b')!])).toBe('*** axb')
  expect(wordRedaction(' a ')).toBeNull()
})

describe('a whole recording', () => {
  const token = `${'ghp_'}${x(36)}`
  const cut = (monoMs: number, text: string): TerminalRecord => ({
    ...{ kind: 'output', monoMs },
    bytes: new TextEncoder().encode(text),
  })
  const hash = ContentHash.parse('a'.repeat(64))
  const bundle = {
    events: [{ seq: 0, atMs: 5, monoMs: 5, fact: { type: 'net/resolved', name: token } as const }],
    records: [
      { kind: 'resize', monoMs: 0, cols: 80, rows: 24 } as const,
      cut(10, `é ${token.slice(0, 9)}`),
      cut(20, `${token.slice(9)} after`),
    ],
    markers: [{ atMs: 7, label: `Agent: use ${token}` }],
    contents: new Map([[hash, `token=${token}\n`]]),
    redacted: [],
  }
  const found = hitsIn(bundle, KNOWN_SECRETS)

  test('is searched in its terminal, events and files, also across two pieces of output', () => {
    expect(found.map(({ redaction, hits }) => [redaction.id, hits.length])).toEqual([['github', 4]])
    expect(found[0]!.hits.map(({ place, atMs }) => [place, atMs])).toEqual([
      ['terminal', 10],
      ['event', 5],
      ['event', 7],
      ['file', null],
    ])
  })

  test('holds nothing of it afterwards, keeps its shape, and says what was taken out', () => {
    const redacted = redactBundle(bundle, KNOWN_SECRETS, found)
    const packed = packBundle(redacted)
    const back = unpackBundle(packed)!
    const text = back.records.flatMap((item) =>
      item.kind === 'output' ? [new TextDecoder().decode(item.bytes)] : [],
    )
    expect(text).toEqual([`é ${'*'.repeat(9)}`, `${'*'.repeat(token.length - 9)} after`])
    expect(back.contents.get(hash)).toBe(`token=${'*'.repeat(token.length)}\n`)
    expect(packed).not.toContain(token)
    expect(back.markers[0]?.label).toBe(`Agent: use ${'*'.repeat(token.length)}`)
    expect(back.redacted).toEqual([{ name: 'GitHub tokens', count: 4 }])
  })

  test('is left whole where nothing is chosen', () => {
    expect(redactBundle(bundle, [], found)).toBe(bundle)
  })
})

test.each(['', '{}', '{"format":"cloche-recording","version":2}', 'null', '[1'])(
  '%j is no recording of ours',
  (text) => expect(unpackBundle(text)).toBeNull(),
)
