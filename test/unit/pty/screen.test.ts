import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Screen } from '../../../src/main/pty/screen.ts'
import { DARK_THEME } from '../../../src/shared/terminal-settings.ts'
import { headlessTerminal } from '../../../src/main/pty/xterm-headless.ts'
import { search } from '../../helpers/search.ts'
import { viewerTerminal, written } from '../../helpers/screens.ts'

const SIZE = { cols: 20, rows: 4 }
const encoder = new TextEncoder()

function newScreen(size = SIZE): { screen: Screen; answers: string[]; faults: unknown[] } {
  const answers: string[] = []
  const faults: unknown[] = []
  const screen = new Screen({
    size,
    theme: DARK_THEME,
    answer: (bytes) => answers.push(new TextDecoder().decode(bytes)),
    fault: (cause) => faults.push(cause),
  })
  return { screen, answers, faults }
}

const feed = (screen: Screen, text: string | Uint8Array): Promise<void> =>
  new Promise((resolve) =>
    screen.write(typeof text === 'string' ? encoder.encode(text) : text, () => resolve()),
  )

describe('screen', () => {
  it('answers for the terminal', async () => {
    const { screen, answers } = newScreen()
    await feed(screen, 'ab\x1b[6n\x1b]10;?\x07\x1b]11;#ff0000\x07\x1b]11;?\x07\x1b]4;1;?\x07')
    expect(answers).toEqual([
      '\x1b[1;3R',
      '\x1b]10;rgb:e6e6/e6e6/e6e6\x1b\\',
      '\x1b]11;rgb:ffff/0000/0000\x1b\\',
      '\x1b]4;1;rgb:cccc/0000/0000\x1b\\',
    ])
  })

  it('leaves a viewer nothing to answer', async () => {
    const queries =
      '\x1b[c\x1b[>c\x1b[=c\x1b[5n\x1b[6n\x1b[?6n\x1b[?25$p\x1b[4$p\x1b[>q\x1b[?u\x1b[18t\x1bP$qm\x1b\\\x1b]4;1;?\x07\x1b]10;?\x07'
    const answers: string[] = []
    const loud = headlessTerminal(SIZE, 100, '11', () => undefined)
    loud.onData((data) => answers.push(data))
    await written(loud, queries)
    expect(answers.length).toBeGreaterThan(5)

    const silent = viewerTerminal(SIZE)
    const said: string[] = []
    silent.onData((data) => said.push(data))
    await written(silent, queries)
    expect(said).toEqual([])
  })

  it('survives what makes xterm throw, and goes on', async () => {
    const { screen, faults } = newScreen()
    await feed(screen, '\x1b[?1049h\x1b[999;999H\x1b[1J\x1b[1;1Hstill here')
    expect(faults).toEqual([])
    expect(screen.text()).toBe('still here')
  })

  it('is not kept busy by a count', async () => {
    const { screen, faults } = newScreen()
    const finals = [...'@ABCDEFGHIJKLMPSTXZ`abdefgr']
    const started = performance.now()
    await feed(
      screen,
      finals
        .map((final) => `x\x1b[2147483647${final}`)
        .join('')
        .repeat(50),
    )
    expect(performance.now() - started).toBeLessThan(1000)
    expect(faults).toEqual([])
  })

  it('draws any bytes without a fault', async () => {
    const escape = fc
      .tuple(
        fc.constantFrom('\x1b', '\x1b[', '\x1b[?', '\x1b[>', '\x1b]', '\x1bP', '\x1b#', '\x1b[!'),
        fc.array(fc.oneof(fc.nat(300), fc.constantFrom(';', ':', ' ', '$', '"')), { maxLength: 5 }),
        fc.integer({ min: 0x40, max: 0x7e }).map((code) => String.fromCharCode(code)),
      )
      .map(([head, middle, final]) => encoder.encode(head + middle.join('') + final))
    const piece = fc.oneof(escape, fc.uint8Array({ maxLength: 20 }))
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
        const { screen, faults } = newScreen()
        await feed(screen, Buffer.concat(pieces))
        screen.snapshot()
        screen.dispose()
        expect(faults).toEqual([])
      }),
      search(),
    )
  }, 600_000)

  it('keeps a snapshot within one frame, however colourful', async () => {
    const { screen } = newScreen({ cols: 200, rows: 50 })
    const cell = (n: number): string =>
      `\x1b[38;2;${n % 256};${(n >> 3) % 256};9;48;2;7;${n % 251};${n % 199}mX`
    const row = (y: number): string =>
      `${Array.from({ length: 200 }, (_, x) => cell(x * 7 + y)).join('')}\r\n`
    for (let y = 0; y < 3000; y += 50)
      await feed(screen, Array.from({ length: 50 }, (_, n) => row(y + n)).join(''))
    expect(screen.snapshot().length).toBeLessThan(8 * 1024 * 1024)
  }, 60_000)
})
