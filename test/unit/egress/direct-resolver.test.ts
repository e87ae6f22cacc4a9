import { decode, encode } from 'dns-packet'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDirectAddress } from '../../../src/main/core/direct-addresses.ts'
import { createDirectNames } from '../../../src/main/egress/direct/names.ts'
import { answerQuestion } from '../../../src/main/egress/direct/resolver.ts'

const RECURSION_DESIRED = 0x100
const CODES: Readonly<Record<number, string>> = { 0: 'NOERROR', 3: 'NXDOMAIN' }

function ask(
  name: string,
  type: 'A' | 'AAAA' | 'PTR' | 'TXT' | 'HTTPS',
  names = createDirectNames(),
) {
  const told: string[] = []
  const query = encode({
    ...{ type: 'query', id: 4711, flags: RECURSION_DESIRED },
    questions: [{ type: type as 'A', name }],
  })
  const bytes = answerQuestion(query, names, (item) => told.push(item))
  if (!bytes) throw new Error('no answer')
  const answer = decode(Buffer.from(bytes))
  return {
    code: CODES[(answer.flags ?? 0) & 15],
    id: answer.id,
    data: (answer.answers ?? []).map((item) => ('data' in item ? item.data : null)),
    told,
  }
}

describe('names inside a sandbox', () => {
  test('each has one address of the range, whatever its spelling', () => {
    const names = createDirectNames()
    const first = ask('Example.ORG', 'A', names)
    expect(first).toEqual({
      code: 'NOERROR',
      id: 4711,
      data: ['198.18.0.2'],
      told: ['example.org'],
    })
    expect(ask('example.org', 'A', names).data).toEqual(['198.18.0.2'])
    expect(ask('other.example', 'A', names).data).toEqual(['198.18.0.3'])
    expect(names.nameOf('198.18.0.2')).toBe('example.org')
    expect(names.nameOf('198.18.0.99')).toBeNull()
  })

  test.each(['AAAA', 'TXT', 'HTTPS'] as const)('%s exists of none, and nobody is asked', (type) => {
    expect(ask('example.org', type)).toEqual({ code: 'NOERROR', id: 4711, data: [], told: [] })
  })

  test.each(['localhost', 'x.localhost', 'a b.example', 'under/slash.example', '1.2.3.4'])(
    '%s is no name',
    (name) => {
      expect(ask(name, 'A')).toMatchObject({ code: 'NXDOMAIN', told: [] })
    },
  )

  test('an address leads back to its name, and no other does', () => {
    const names = createDirectNames()
    ask('example.org', 'A', names)
    expect(ask('2.0.18.198.in-addr.arpa', 'PTR', names).data).toEqual(['example.org'])
    expect(ask('3.0.18.198.in-addr.arpa', 'PTR', names).code).toBe('NXDOMAIN')
    expect(ask('1.0.0.127.in-addr.arpa', 'PTR', names).code).toBe('NXDOMAIN')
  })

  test('a million names do not grow the host: the one asked for longest ago is forgotten', () => {
    const names = createDirectNames(3)
    for (const name of ['a.example', 'b.example', 'c.example']) names.addressOf(name)
    names.addressOf('a.example')
    expect(names.addressOf('d.example')).toBe('198.18.0.3')
    expect(names.nameOf('198.18.0.3')).toBe('d.example')
    expect(names.nameOf('198.18.0.2')).toBe('a.example')
  })

  test('every address given is of the range and leads back, however many there were', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30 }), { maxLength: 200 }), (asked) => {
        const names = createDirectNames(8)
        for (const n of asked) {
          const address = names.addressOf(`n${n}.example`)
          expect(isDirectAddress(address)).toBe(true)
          expect(address).not.toBe('198.18.0.1')
          expect(names.nameOf(address)).toBe(`n${n}.example`)
        }
      }),
    )
  })

  test('garbage, answers and many questions at once get no answer, and no fault', () => {
    const names = createDirectNames()
    const none = (bytes: Uint8Array) => answerQuestion(bytes, names, () => undefined)
    expect(
      none(encode({ type: 'response', questions: [{ type: 'A', name: 'a.example' }] })),
    ).toBeNull()
    expect(
      none(
        encode({
          type: 'query',
          questions: [
            { type: 'A', name: 'a.example' },
            { type: 'A', name: 'b.example' },
          ],
        }),
      ),
    ).toBeNull()
    const whole = encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'a.b.example' }] })
    for (let length = 0; length < whole.length; length++)
      expect(none(whole.subarray(0, length)), String(length)).toBeNull()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        none(bytes)
      }),
      { numRuns: 2000 },
    )
  })
})
