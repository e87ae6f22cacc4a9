import { expect, test } from 'vitest'
import { cpioArchive } from '../../../../src/main/backends/vm/cpio.ts'

/** As the kernel reads it: heads of 110 characters, everything on a multiple of four. */
function read(archive: Buffer) {
  const found: { name: string; mode: number; content: string }[] = []
  for (let at = 0; at < archive.length; ) {
    expect(at % 4).toBe(0)
    expect(archive.toString('latin1', at, at + 6)).toBe('070701')
    const field = (n: number): number =>
      Number.parseInt(archive.toString('latin1', at + 6 + 8 * n, at + 14 + 8 * n), 16)
    const [mode, size, nameSize] = [field(1), field(6), field(11)]
    const name = archive.toString('latin1', at + 110, at + 109 + nameSize)
    const start = Math.ceil((at + 110 + nameSize) / 4) * 4
    found.push({ name, mode, content: archive.toString('latin1', start, start + size) })
    at = Math.ceil((start + size) / 4) * 4
  }
  return found
}

test('every file is there, whatever its length, and the end is marked', () => {
  const files = ['', 'a', 'ab', 'abc', 'abcd', 'abcde'].map((content, i) => ({
    name: 'name'.padEnd(i + 4, 'x'),
    mode: i % 2 ? 0o755 : 0o644,
    bytes: Buffer.from(content),
  }))
  const seen = read(cpioArchive(files))
  expect(seen.at(-1)).toEqual({ name: 'TRAILER!!!', mode: 0, content: '' })
  expect(seen.slice(0, -1)).toEqual(
    files.map(({ name, mode, bytes }) => ({ name, mode: 0o100000 | mode, content: String(bytes) })),
  )
})
