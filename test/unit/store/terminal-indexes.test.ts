import { appendFile, mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findInTerminal } from '../../../src/main/core/find-in-terminal.ts'
import { createEventLog } from '../../../src/main/store/event-log.ts'
import { createTerminalIndexes } from '../../../src/main/store/terminal-indexes.ts'
import { LogPoint, TerminalIndex } from '../../../src/shared/domain/terminal-index.ts'
import { decodeLog, encodeKeyframe, encodeOutput } from '../../../src/shared/terminal-log.ts'
import { outputOf } from '../../helpers/pty.ts'
import { quietLog } from '../../helpers/pty-parts.ts'
import { sessionId, temporaryFolder } from '../../helpers/recording.ts'
import { indexOfLog } from '../../helpers/terminal-logs.ts'

const ID = sessionId(1)
const LINES = 1000
const LINE = 'a line of output that is as long as any other of them\r\n'
const BLOCK = Buffer.from(LINE.repeat(LINES))
const SCREEN = { cols: 80, rows: 24, screen: Buffer.from('\x1bca screen') }

/** A record each 100 ms; `screens`: with a whole screen now and then, a record late. */
function log(records: number, screens: boolean): Buffer {
  const parts: Uint8Array[] = []
  for (let n = 0; n < records; n++) {
    parts.push(encodeOutput(n * 100, BLOCK))
    const outputBytes = n * BLOCK.length
    if (screens && n % 20 === 19)
      parts.push(encodeKeyframe(n * 100 + 1, { ...SCREEN, outputBytes }))
  }
  return Buffer.concat(parts)
}

async function kept(folder: string, bytes: Uint8Array) {
  const session = join(folder, ID)
  await mkdir(session)
  const path = join(session, 'terminal.log')
  await writeFile(path, bytes)
  return { path, indexPath: join(session, 'terminal.index'), bytes }
}

describe('index of a terminal log', () => {
  it('leads to parts that hold together what the log holds, and to its screens', async () => {
    await using folder = await temporaryFolder()
    const bytes = log(200, true)
    await kept(folder.path, bytes)
    const index = await createTerminalIndexes(folder.path).index(ID)
    expect(TerminalIndex.parse(index)).toEqual(index)
    expect(index).toMatchObject({ records: 200, durationMs: 19_900, damage: 'none' })
    expect(index.outputBytes).toBe(200 * BLOCK.length)
    expect(index.active).toEqual([{ fromMs: 0, toMs: 19_900 }])
    const whole = decodeLog(bytes)
    const parts = index.points.map(({ at }, n) =>
      decodeLog(bytes.subarray(at, index.points[n + 1]?.at ?? index.bytes)),
    )
    expect(parts.every(({ damage }) => damage === 'none')).toBe(true)
    const records = parts.flatMap((part) => part.records)
    expect(records.map(({ monoMs }) => monoMs)).toEqual(whole.records.map(({ monoMs }) => monoMs))
    expect(outputOf(records).equals(outputOf(whole.records))).toBe(true)
    const screens = index.points.filter(({ screenAt }) => screenAt !== null)
    expect(screens).toHaveLength(10)
    for (const { screenAt, outputBytes } of screens)
      expect(decodeLog(bytes.subarray(screenAt!)).keyframes[0]).toMatchObject({ outputBytes })
    for (const [n, point] of index.points.entries()) {
      expect(point.at - (index.points[n - 1]?.at ?? 0)).toBeLessThan(3 * 1024 * 1024)
      expect(LogPoint.parse(point)).toEqual(point)
    }
  })

  it('of a log without screens, as older versions wrote it, has parts all the same', async () => {
    await using folder = await temporaryFolder()
    await kept(folder.path, log(200, false))
    const { points } = await createTerminalIndexes(folder.path).index(ID)
    expect(points.length).toBeGreaterThan(3)
    expect(points.every(({ screenAt }) => screenAt === null)).toBe(true)
  })

  it('is kept beside the log, and made anew when it belongs to another or is damaged', async () => {
    await using folder = await temporaryFolder()
    const { path, indexPath, bytes } = await kept(folder.path, log(40, true))
    const made = await createTerminalIndexes(folder.path).index(ID)
    expect((await stat(indexPath)).mode & 0o777).toBe(0o600)
    // It is what is answered: a change of it shows.
    const text = await readFile(indexPath, 'utf8')
    await writeFile(indexPath, text.replace('"records":40', '"records":41'))
    expect((await createTerminalIndexes(folder.path).index(ID)).records).toBe(41)
    for (const other of ['{', text.replace('"version":1', '"version":2')]) {
      await writeFile(indexPath, other)
      expect(await createTerminalIndexes(folder.path).index(ID)).toEqual(made)
    }
    await writeFile(indexPath, text)
    await appendFile(path, log(1, false))
    expect(await createTerminalIndexes(folder.path).index(ID)).toEqual(
      indexOfLog(Buffer.concat([bytes, log(1, false)])),
    )
  })

  it('grows with a log that is written, across a record that was not all there', async () => {
    await using folder = await temporaryFolder()
    const whole = log(60, true)
    const { path } = await kept(folder.path, whole.subarray(0, 100))
    const indexes = createTerminalIndexes(folder.path)
    expect(await indexes.index(ID)).toMatchObject({ records: 0, damage: 'torn' })
    await writeFile(path, whole.subarray(0, 1_000_000))
    expect((await indexes.index(ID)).damage).toBe('torn')
    await writeFile(path, whole)
    const both = await Promise.all([indexes.index(ID), indexes.index(ID)])
    expect(both).toEqual([indexOfLog(whole), indexOfLog(whole)])
  })

  it('names damage, and holds what is sound before it', async () => {
    await using folder = await temporaryFolder()
    const whole = log(60, false)
    whole[1_000_000] = whole[1_000_000]! ^ 1
    const { path } = await kept(folder.path, whole)
    const index = await createTerminalIndexes(folder.path).index(ID)
    expect(index).toEqual(indexOfLog(whole))
    expect(index).toMatchObject({ damage: 'damaged', records: 18 })
    await truncate(path, 0)
    expect(await createTerminalIndexes(folder.path).index(ID)).toMatchObject({ records: 0 })
    await rm(path)
    expect(await createTerminalIndexes(folder.path).index(ID)).toMatchObject({
      ...{ records: 0, damage: 'none' },
    })
  })
})

describe('words in a terminal log', () => {
  it('are found in all of its parts, those on a border once, page by page', async () => {
    await using folder = await temporaryFolder()
    const parts: Uint8Array[] = []
    for (let n = 0; n < 500; n++) {
      parts.push(encodeOutput(n, BLOCK))
      // Begins in one record, and often in one part, and ends in the next.
      parts.push(encodeOutput(n, Buffer.from('the nee')), encodeOutput(n, Buffer.from('DLE\r\n')))
    }
    await kept(folder.path, Buffer.concat(parts))
    const store = createEventLog(folder.path, '0.0.0', quietLog)
    const reading = { store, indexes: createTerminalIndexes(folder.path) }
    const times: number[] = []
    const pages: number[] = []
    for (let part: number | null = 0; part !== null; ) {
      pages.push(part)
      const page = await findInTerminal(reading, ID, 'Needle', part)
      times.push(...page.times)
      part = page.next
    }
    expect(times).toEqual(Array.from({ length: 500 }, (_, n) => n))
    expect(pages.length).toBeGreaterThan(1)
    expect(await findInTerminal(reading, ID, 'needles', 0)).toMatchObject({ times: [] })
    expect(await findInTerminal(reading, ID, ' ', 0)).toEqual({ times: [], next: null })
    expect(await findInTerminal(reading, ID, 'needle', 10_000)).toEqual({ times: [], next: null })
  })
})
