import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createListFiles } from '../../../src/main/filewatch/list-files.ts'

const ROWS = [
  ['a', 'file', '7', '12', '1700000000000000001', '1700000000000000002'],
  ['ünd/b c\nd', 'link', '8', '3', '5', '6'],
  ['pipe', 'other', '9', '0', '5', '6'],
]
const END = (all: string): string[] => ['', all, '0', '0', '0', '0']
const bytesOf = (rows: readonly (readonly string[])[]): Buffer =>
  Buffer.from(rows.flatMap((row) => row.map((word) => `${word}\0`)).join(''))

/** What is read of a program that says these bytes, cut at these places, and ends. */
function listOf(bytes: Uint8Array, cuts: readonly number[] = []) {
  const stdout = new PassThrough()
  const helper = { stdin: null, stdout, ended: once(stdout, 'end'), kill: () => undefined }
  const start = () => Promise.resolve(helper)
  const list = createListFiles(start)({ folder: '/w', hidden: ['/w/.env'] })
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  for (const [n, from] of places.slice(0, -1).entries())
    stdout.write(bytes.subarray(from, places[n + 1]))
  stdout.end()
  return list
}
const [FIRST, SECOND, THIRD] = [
  { path: 'a', kind: 'file', inode: '7', bytes: 12 },
  { path: 'ünd/b c\nd', kind: 'link', inode: '8', bytes: 3 },
  { path: 'pipe', kind: 'other', inode: '9', bytes: 0 },
]

describe.runIf(process.platform === 'linux')('a list of files', () => {
  test('is read the same wherever its bytes are cut', async () => {
    const bytes = bytesOf([...ROWS, END('all')])
    const cuts = fc.array(fc.nat(bytes.length), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        const list = await listOf(bytes, at)
        expect(list?.isWhole).toBe(true)
        expect(list?.rows).toMatchObject([FIRST, SECOND, THIRD])
        expect(list?.rows[0]).toMatchObject({
          ctimeNs: '1700000000000000001',
          mtimeNs: '1700000000000000002',
        })
      }),
    )
  })

  test('that ends before it says so is none', async () => {
    expect(await listOf(bytesOf(ROWS))).toBeNull()
    expect(await listOf(new Uint8Array())).toBeNull()
  })

  test('is not whole where something was left out, also for its name is no text', async () => {
    expect(await listOf(bytesOf([...ROWS, END('part')]))).toMatchObject({ isWhole: false })
    const unnamed = Buffer.from(bytesOf([ROWS[0]!, ROWS[2]!, END('all')]))
    unnamed[0] = 0xff
    expect(await listOf(unnamed)).toMatchObject({ isWhole: false, rows: [THIRD] })
  })
})
