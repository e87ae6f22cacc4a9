import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createByteBlotter, createSecrets } from '../../../src/main/core/secrets.ts'
import { processKey } from '../../../src/shared/domain/process.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { sessionId } from '../../helpers/recording.ts'

const SECRET = 'sk-live-abcabc/+ä"'

/** What a recording holds when the text comes in these pieces. */
function recorded(text: Buffer, cuts: readonly number[], values: readonly string[]): Buffer {
  const blotter = createByteBlotter(values)
  const ends = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b)
  const parts: Uint8Array[] = []
  let from = 0
  for (const end of [...ends, text.length]) {
    parts.push(blotter.push(text.subarray(from, end)))
    from = end
  }
  return Buffer.concat([...parts, blotter.rest()])
}

describe('a recording', () => {
  const noise = fc.string({
    unit: fc.constantFrom('s', 'k', '-', 'a', 'b', 'c', ' ', 'ä'),
    maxLength: 12,
  })
  const cuts = fc.array(fc.nat(400), { maxLength: 20 })

  test('never holds the secret, wherever the pieces end, and keeps every position', () => {
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 6 }), cuts, (between, at) => {
        const text = Buffer.from(between.join(SECRET))
        const out = recorded(text, at, [SECRET])
        expect(out.length).toBe(text.length)
        expect(out.includes(SECRET)).toBe(false)
        // What is not part of a secret is as it was.
        out.forEach((byte, index) => {
          if (byte !== 0x2a) expect(byte).toBe(text[index])
        })
      }),
    )
  })

  test('of other text is that text, wherever the pieces end', () => {
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 12 }), cuts, (words, at) => {
        const text = Buffer.from(words.join('|'))
        expect(recorded(text, at, [SECRET]).equals(text)).toBe(true)
      }),
    )
  })

  test.each([
    ['base64', Buffer.from(SECRET).toString('base64')],
    ['in an address', encodeURIComponent(SECRET)],
    ['in JSON', JSON.stringify(SECRET).slice(1, -1)],
  ])('holds no spelling %s either', (_, spelling) => {
    expect(recorded(Buffer.from(`x ${spelling} y`), [5, 9], [SECRET]).toString()).toBe(
      `x ${'*'.repeat(Buffer.byteLength(spelling))} y`,
    )
  })

  test('short values are words, and stay', () => {
    expect(recorded(Buffer.from('yes or no'), [], ['no', 'yes']).toString()).toBe('yes or no')
  })
})

test('facts of the session, however deep, and the log of any', () => {
  const secrets = createSecrets()
  const [mine, other] = [sessionId(1), sessionId(2)]
  secrets.hold(mine, [SECRET])
  const fact: Fact = {
    type: 'proc/exec',
    key: processKey(1, 1),
    name: 'curl',
    argv: ['curl', '-H', `token: ${SECRET}`],
    exe: null,
    cwd: `/w/${SECRET}`,
  }
  expect(JSON.stringify(secrets.blotFact(mine, fact))).not.toContain('sk-live')
  expect(secrets.blotFact(other, fact)).toBe(fact)
  expect(secrets.blotText(`failed with ${SECRET}`)).not.toContain('sk-live')
  secrets.forget(mine)
  expect(secrets.blotFact(mine, fact)).toBe(fact)
})
