import { describe, expect, test } from 'vitest'
import {
  homeRedaction,
  KNOWN_SECRETS,
  redactText,
  wordRedaction,
} from '../../../src/shared/recording/redaction.ts'

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

test('a word that is not ASCII is found in a text, and in bytes of which each is a character', () => {
  const word = wordRedaction('Müller')!
  const bytes = String.fromCharCode(...new TextEncoder().encode('Müller'))
  expect(redactText(`Müller ${bytes}`, [word])).toBe(`${'*'.repeat(6)} ${'*'.repeat(7)}`)
  const home = homeRedaction('/home/zoé')
  expect(redactText('/home/zoé/x', [home])).toBe('/home/***/x')
})

test('a chosen word of signs is taken as it is; too short a one is refused', () => {
  expect(redactText('a.b axb', [wordRedaction('a.b')!])).toBe('*** axb')
  expect(wordRedaction(' a ')).toBeNull()
})
