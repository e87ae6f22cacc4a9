import { decode, encode } from 'dns-packet'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDirectAddress } from '../../../src/main/core/direct-addresses.ts'
import { createDirectNames } from '../../../src/main/egress/direct/names.ts'
import { answerQuestion } from '../../../src/main/egress/direct/resolver.ts'

const RECURSION_DESIRED = 0x100
const CODES: Readonly<Record<number, string>> = { 0: 'NOERROR', 2: 'SERVFAIL', 3: 'NXDOMAIN' }

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

  test.each(['localhost', 'App.Localhost'])('%s is the sandbox itself, and no news', (name) => {
    expect(ask(name, 'A')).toMatchObject({ code: 'NOERROR', data: ['127.0.0.1'], told: [] })
  })

  test.each(['a b.example', 'under/slash.example', '1.2.3.4', '0x7f.1'])(
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
    let nowMs = 0
    const names = createDirectNames({ capacity: 3, now: () => nowMs })
    for (const name of ['a.example', 'b.example', 'c.example']) names.addressOf(name)
    nowMs = 1000
    names.addressOf('a.example')
    nowMs = 60_001
    expect(names.addressOf('d.example')).toBe('198.18.0.3')
    expect(names.nameOf('198.18.0.3')).toBe('d.example')
    expect(names.nameOf('198.18.0.2')).toBe('a.example')
  })

  test('no address changes its name while a program may still keep it', () => {
    let nowMs = 0
    const names = createDirectNames({ capacity: 2, now: () => nowMs })
    ask('a.example', 'A', names)
    ask('b.example', 'A', names)
    nowMs = 60_000
    expect(ask('c.example', 'A', names)).toMatchObject({ code: 'SERVFAIL', data: [], told: [] })
    expect(ask('a.example', 'A', names).data).toEqual(['198.18.0.2'])
    nowMs = 60_001
    expect(ask('c.example', 'A', names).data).toEqual(['198.18.0.3'])
    expect(names.nameOf('198.18.0.2')).toBe('a.example')
  })

  test('however many there were, an answer that may be kept leads to the name it was given for', () => {
    const question = fc.record({ n: fc.nat({ max: 30 }), waitMs: fc.nat({ max: 30_000 }) })
    fc.assert(
      fc.property(fc.array(question, { maxLength: 200 }), (asked) => {
        let nowMs = 0
        const names = createDirectNames({ capacity: 8, now: () => nowMs })
        const kept = new Map<string, { name: string; untilMs: number }>()
        for (const { n, waitMs } of asked) {
          nowMs += waitMs
          const name = `n${n}.example`
          const address = names.addressOf(name)
          for (const [other, item] of kept)
            if (item.untilMs >= nowMs && other !== address)
              expect(names.nameOf(other)).toBe(item.name)
          if (address === null) continue
          expect(isDirectAddress(address)).toBe(true)
          expect(address).not.toBe('198.18.0.1')
          expect(names.nameOf(address)).toBe(name)
          const before = kept.get(address)
          if (before && before.untilMs >= nowMs) expect(before.name).toBe(name)
          kept.set(address, { name, untilMs: nowMs + 60_000 })
        }
      }),
    )
  })

  test('a long datagram is not read: it costs the host nothing', () => {
    const query = (size: number): Buffer => {
      const bytes = encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'a.example' }] })
      return Buffer.concat([bytes, Buffer.alloc(size - bytes.length)])
    }
    const names = createDirectNames()
    expect(answerQuestion(query(512), names, () => undefined)).not.toBeNull()
    expect(answerQuestion(query(513), names, () => undefined)).toBeNull()
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
    // The same behind a head that says: one question.
    const head = Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        none(Buffer.concat([head, bytes]))
      }),
      { numRuns: 2000 },
    )
  })
})
