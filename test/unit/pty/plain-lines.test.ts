import type { Terminal } from '@xterm/headless'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Screen } from '../../../src/main/pty/screen.ts'
import { PlainFlood } from '../../../src/main/pty/plain-flood.ts'
import { type Arrival, LINES_IN_FLOOD } from '../../../src/main/pty/screen-feed.ts'
import { penSgr } from '../../../src/main/pty/sgr.ts'
import { coreOf } from '../../../src/main/pty/xterm-internals.ts'
import { headlessTerminal } from '../../../src/main/pty/xterm-headless.ts'
import { scrollsPlainly } from '../../../src/shared/terminal-guard.ts'
import { DARK_THEME, UNICODE_VERSION } from '../../../src/shared/terminal-settings.ts'
import { plainBytes, plainTail } from '../../../src/shared/terminal-skip.ts'
import { search } from '../../helpers/search.ts'
import { stateOf, viewerTerminal, written } from '../../helpers/screens.ts'

const SIZE = { cols: 12, rows: 5 }
const HISTORY = 7
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const terminal = () => headlessTerminal(SIZE, HISTORY, UNICODE_VERSION, fail)
const fail = (cause: unknown): void => {
  throw cause
}
const textOf = ({ buffer: { active } }: Terminal): string[] =>
  Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString() ?? '')

const before = fc.constantFrom(
  ...['', 'some words', '\x1b[2J\x1b[3;4Hmiddle', '\x1b[41mred\r\nlines\r\n', '\x1b[?1049hother'],
  ...['\x1b7saved', '\x1b[?7l', '\x1b[3g', 'x\x1b[31;1;4:3mpen', '\x1b[20h', '\x1b[?6h'],
  ...['\x1b[5;1Hbottom', 'many\r\n'.repeat(30), '\x1b(0', '\x1b[4h', '\x1b[2;4r', '\x1b[', '\xc2'],
)
const piece = fc.constantFrom(
  ...['a', 'word ', 'wide 漢', 'é', '·', '\t', '\r', '\r\n', '\r\n', '\n', '👍🏽', 'x'.repeat(15)],
  ...['\x1b[m', '\x1b[0m', '\x1b[1;38;5;9m', '\x1b[48:2::9:8:7m', '\x1b[0;7m', '\x1b[4:3m'],
)
const other = fc.constantFrom('\x07', '\x1b[2J', '\x9b1m', '\x1b]0;title\x07', '\b', '\x1b[?25l')
const line = fc.array(piece, { maxLength: 5 }).map((parts) => `${parts.join('')}\r\n`)

describe('lines that are scrolled out again', () => {
  it('are left out of a flood of plain lines without any trace', async () => {
    let leftOut = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(before, { maxLength: 3 }),
        fc.array(line, { minLength: 20, maxLength: 60 }),
        fc.array(piece, { maxLength: 3 }),
        async (first, lines, rest) => {
          const flood = encode(lines.join(''))
          const [whole, tail] = [terminal(), terminal()]
          for (const each of [whole, tail]) await written(each, first.join(''))
          await written(whole, flood)
          const found = plainTail(flood, HISTORY + 2 * SIZE.rows)
          expect(plainBytes(flood)).toBe(flood.length)
          if (!found || !scrollsPlainly(tail)) return
          leftOut += found.from
          await written(tail, found.pen)
          await written(tail, flood.subarray(found.from))
          for (const each of [whole, tail]) await written(each, rest.join(''))
          expect(stateOf(tail)).toEqual(stateOf(whole))
        },
      ),
      search(),
    )
    expect(leftOut).toBeGreaterThan(1000)
  }, 60_000)

  it('leave no trace either in a flood that comes in pieces and is drawn in between', async () => {
    const most = HISTORY + 2 * SIZE.rows
    let drawn = 0
    let dropped = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(before, { maxLength: 3 }),
        fc.array(line, { minLength: 20, maxLength: 80 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 12 }),
        fc.array(piece, { maxLength: 3 }),
        async (first, lines, sizes, rest) => {
          const all = encode(lines.join(''))
          const [whole, flooded] = [terminal(), terminal()]
          for (const each of [whole, flooded]) await written(each, first.join(''))
          if (!scrollsPlainly(flooded)) return
          const flood = new PlainFlood(
            most,
            encode(penSgr(coreOf(flooded)._inputHandler._curAttrData)),
          )
          for (let at = 0, n = 0; at < all.length; n++) {
            const chunk = all.subarray(at, at + sizes[n % sizes.length]!)
            at += chunk.length
            await written(whole, chunk)
            expect(flood.add(chunk)).toBe(true)
            if (n % 3 !== 0 || !flood.has(most)) continue
            // The screen and one line above it.
            const last = flood.last(1 + 2 * SIZE.rows)
            await written(flooded, last!)
            expect(textOf(flooded).slice(-SIZE.rows - 1)).toEqual(
              textOf(whole).slice(-SIZE.rows - 1),
            )
            drawn++
          }
          if (!flood.has(most)) return
          dropped += flood.hasDropped ? 1 : 0
          await written(flooded, flood.all())
          for (const each of [whole, flooded]) await written(each, rest.join(''))
          expect(stateOf(flooded)).toEqual(stateOf(whole))
        },
      ),
      search(),
    )
    expect(drawn).toBeGreaterThan(200)
    expect(dropped).toBeGreaterThan(100)
  }, 60_000)

  it('end where something comes that is not plain, also in pieces', () => {
    fc.assert(
      fc.property(fc.array(line), other, fc.integer({ min: 1, max: 9 }), (lines, one, size) => {
        const flood = new PlainFlood(1, encode('\x1b[0m'))
        const plain = encode(lines.join(''))
        const bytes = encode(`${lines.join('')}${one}x`)
        let taken = 0
        for (let at = 0; at < bytes.length; at += size) {
          if (!flood.add(bytes.subarray(at, at + size))) break
          taken = at + size
        }
        expect(taken).toBeLessThan(bytes.length)
        expect(taken).toBeGreaterThan(plain.length - size)
      }),
      search(),
    )
  })

  it('are no longer plain where anything else is among them', () => {
    fc.assert(
      fc.property(fc.array(line), other, fc.array(line), (lines, one, more) => {
        const plain = encode(lines.join('')).length
        expect(plainBytes(encode(`${lines.join('')}${one}${more.join('')}`))).toBe(plain)
      }),
      search(),
    )
    // The end of a character, or the second byte of a control of two.
    expect(plainBytes(Uint8Array.of(0x9b, 0x31, 0x0a))).toBe(0)
    expect(plainBytes(encode('no line end'))).toBe(0)
  })

  it('need the whole screen to scroll', async () => {
    for (const [text, scrolls] of [
      ...([
        ['plain', true],
        ['\x1b[2;4r', false],
        ['\x1b[4h', false],
        ['\x1b[1', false],
      ] as const),
      ...([
        ['\x1b[?1049h', true],
        ['\x1b[2;4r\x1b[r', true],
      ] as const),
    ]) {
      const each = terminal()
      await written(each, text)
      expect(scrollsPlainly(each), JSON.stringify(text)).toBe(scrolls)
    }
  })
})

describe('a screen in a flood', () => {
  it('is exact whenever it says so, and says which chunks nobody saw', async () => {
    const screen = new Screen({
      ...{ size: { cols: 80, rows: 24 }, theme: DARK_THEME },
      ...{ answer: () => undefined, fault: fail },
    })
    // Long enough that a fast machine has not drawn the first half before it knows of the flood.
    const text = `\x1b[32mok\x1b[0m ${'a test that is named at length '.repeat(2)}`
    const lines = Array.from({ length: 300_000 }, (_, n) => `${text}${n}\r\n`).join('')
    // A title in the middle is not plain, and must not be lost.
    const middle = lines.length >> 1
    const bytes = encode(`${lines.slice(0, middle)}\x1b]2;a title\x07${lines.slice(middle)}`)
    const arrivals: Arrival[] = []
    let parsed = 0
    const checks: { at: number; snapshot: Uint8Array; isWhole: boolean }[] = []
    await new Promise<void>((resolve) => {
      for (let at = 0; at < bytes.length; at += 60_000) {
        const chunk = bytes.subarray(at, at + 60_000)
        screen.write(chunk, (arrival) => {
          arrivals.push(arrival)
          parsed += chunk.length
          if (arrival === 'last-left-out' || parsed === bytes.length)
            checks.push({ at: parsed, snapshot: screen.snapshot(), isWhole: screen.isWhole })
          if (parsed === bytes.length) resolve()
        })
      }
    })
    // Behind everything: when the history has been drawn as well.
    await new Promise<void>((resolve) => screen.write(new Uint8Array(0), () => resolve()))
    checks.push({ at: parsed, snapshot: screen.snapshot(), isWhole: screen.isWhole })
    expect(arrivals.filter((arrival) => arrival === 'last-left-out').length).toBeGreaterThan(0)
    expect(checks.length).toBeGreaterThan(1)
    // Of too many some: each is compared with all that came before it.
    const every = Math.ceil(checks.length / 8)
    for (const { at, snapshot, isWhole } of checks.filter(
      (check, n) => n % every === 0 || check.isWhole,
    )) {
      const [drawn, played] = [1, 2].map(() => viewerTerminal({ cols: 80, rows: 24 }))
      await written(drawn!, snapshot)
      await written(played!, bytes.subarray(0, at))
      // In the middle of a flood the history is not drawn, but for its last lines.
      const most = isWhole ? Infinity : LINES_IN_FLOOD + 24
      const [shown, expected] = [drawn!, played!].map((each) => textOf(each).slice(-most))
      expect(isWhole || shown!.length === most).toBe(true)
      expect(shown!.join('\n') === expected!.join('\n'), `${at}`).toBe(true)
    }
    expect(checks.at(-1)?.isWhole).toBe(true)
    screen.dispose()
  }, 60_000)
})
