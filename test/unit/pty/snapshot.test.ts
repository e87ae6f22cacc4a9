import type { Terminal } from '@xterm/headless'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Screen } from '../../../src/main/pty/screen.ts'
import { DARK_THEME } from '../../../src/shared/terminal-settings.ts'
import { search } from '../../helpers/search.ts'
import { stateOf, viewerTerminal, written } from '../../helpers/screens.ts'

const SIZE = { cols: 12, rows: 5 }
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

const number = fc.integer({ min: 0, max: 14 })
const csi = (finals: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.array(number, { maxLength: 2 }), fc.constantFrom(...finals))
    .map(([parameters, final]) => `\x1b[${parameters.join(';')}${final}`)

const look = fc
  .array(
    fc.constantFrom(
      ...['0', '1', '2', '3', '4', '4:3', '5', '7', '8', '9', '22', '24', '27', '53', '31', '97'],
      ...['44', '107', '38;5;200', '48;5;17', '38;2;1;2;3', '48;2;250;128;0', '58;2;9;8;7', '39'],
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((codes) => `\x1b[${codes.join(';')}m`)

// Without ?7: xterm then lets half of a wide character stand in the last column, which no sequence
// can draw again. The examples below cover it with narrow characters.
const mode = fc
  .tuple(
    fc.constantFrom(
      ...['?1', '?6', '?9', '?25', '?45', '?66', '?1000', '?1002', '?1003', '?1004', '?1006'],
      ...['?1016', '?2004', '?1049', '?1047', '?1048', '4'],
    ),
    fc.constantFrom('h', 'l'),
  )
  .map(([code, onOff]) => `\x1b[${code}${onOff}`)

const text = fc.array(
  fc.constantFrom(...['a', 'b', ' ', 'Z', '日', '本', 'é', 'e\u0301', '🙂', '❤\ufe0f', 'q', 'x']),
  { minLength: 1, maxLength: 30 },
)

const piece: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: text.map((characters) => characters.join('')) },
  { weight: 3, arbitrary: look },
  { weight: 3, arbitrary: csi('ABCDEFGHJKLMPXSTdfgr@`aeb') },
  { weight: 2, arbitrary: mode },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        '\r\n',
        '\n',
        '\r',
        '\t',
        '\b',
        '\x1b7',
        '\x1b8',
        '\x1bM',
        '\x1bD',
        '\x1bE',
        '\x1bH',
        '\x1bc',
      ],
      ...[
        '\x0e',
        '\x0f',
        '\x1b(0',
        '\x1b(B',
        '\x1b)0',
        '\x1b=',
        '\x1b>',
        '\x1b[3 q',
        '\x1b[6 q',
        '\x1b[!p',
      ],
      ...['\x1b]2;title\x07', '\x1b]8;;https://example.org/a;b\x1b\\', '\x1b]8;id=7;file:///x\x07'],
      ...[
        '\x1b]8;;\x1b\\',
        '\x1b]11;#102030\x07',
        '\x1b]10;?\x07',
        '\x1b[6n',
        '\x1b[c',
        '\x1bP$qm\x1b\\',
      ],
    ),
  },
)

const stream = fc.array(piece, { maxLength: 40 }).map((pieces) => encode(pieces.join('')))

/** The stream cut anywhere, also inside characters and sequences. */
const chunked = stream.chain((bytes) =>
  fc
    .array(fc.nat({ max: bytes.length }), { maxLength: 6 })
    .map((cuts) => [...new Set([0, ...cuts, bytes.length])].sort((a, b) => a - b))
    .map((cuts) => cuts.slice(1).map((end, index) => bytes.slice(cuts[index], end))),
)

const newScreen = (): Screen =>
  new Screen({
    size: SIZE,
    theme: DARK_THEME,
    answer: () => undefined,
    fault: (cause) => {
      throw cause
    },
  })

const feed = (screen: Screen, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => screen.write(bytes, () => resolve()))

/** A cursor waits to wrap although its line was scrolled away: no sequence leads there directly. */
function waitsOverNothing({ buffer: { active }, cols }: Terminal): boolean {
  const line = active.getLine(active.baseY + active.cursorY)
  return active.cursorX >= cols && line?.getCell(cols - 1)?.getCode() === 0
}

describe('snapshot', () => {
  it('followed by the rest gives the screen of one who saw everything', async () => {
    await fc.assert(
      fc.asyncProperty(chunked, fc.nat(), chunked, async (chunks, at, earlier) => {
        const attachAt = at % (chunks.length + 1)
        const screen = newScreen()
        const reference = viewerTerminal(SIZE)
        const viewer = viewerTerminal(SIZE)
        // The viewer is not fresh: it shows something else, perhaps cut in the middle.
        for (const chunk of earlier) await written(viewer, chunk)
        for (const chunk of chunks.slice(0, attachAt)) {
          await feed(screen, chunk)
          await written(reference, chunk)
        }
        fc.pre(!waitsOverNothing(reference))
        await written(viewer, screen.snapshot())
        expect(stateOf(viewer)).toEqual(stateOf(reference))
        for (const chunk of chunks.slice(attachAt)) {
          await written(viewer, chunk)
          await written(reference, chunk)
        }
        expect(stateOf(viewer)).toEqual(stateOf(reference))
      }),
      search(),
    )
  }, 600_000)

  it.each([
    ['wrap off at the last column', '\x1b[?7labcdefghijklmnop'],
    ['insert mode', 'abc\x1b[1;2H\x1b[4h'],
    ['a line wrapped by hand into an empty one', 'abcdefghijklX\x1b[2K\x1b[1;5H\x1b[K'],
    ['hidden cursor, all mouse events, pixel encoding', '\x1b[?25l\x1b[?1003h\x1b[?1016h'],
    ['alternate screen over scrollback', `${'line\r\n'.repeat(40)}\x1b[?1049h\x1b[2;3Hhello`],
    ['background beyond the text', '\x1b[44mhi\x1b[K\r\n\x1b[0m\x1b[45m\x1b[2K'],
  ])('restores %s', async (_, bytes) => {
    const [screen, reference, viewer] = [newScreen(), viewerTerminal(SIZE), viewerTerminal(SIZE)]
    await feed(screen, encode(bytes))
    await written(reference, bytes)
    await written(viewer, screen.snapshot())
    expect(stateOf(viewer)).toEqual(stateOf(reference))
    for (const terminal of [viewer, reference]) await written(terminal, 'more\r\n\x1b[?1049lend')
    expect(stateOf(viewer)).toEqual(stateOf(reference))
  })
})
