import { lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import { describe, expect, test } from 'vitest'
import { bounded } from '../../../src/main/backends/containers/bounded.ts'
import { framesOf } from '../../../src/main/backends/containers/inside-program.ts'
import { takeArchive } from '../../../src/main/backends/containers/take-archive.ts'
import { temporaryFolder } from '../../helpers/recording.ts'

type Entry = Parameters<ReturnType<typeof pack>['entry']>[0] & { readonly content?: string }

async function archiveOf(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack()
  for (const { content, ...header } of entries)
    if (content === undefined) archive.entry(header)
    else archive.entry(header, content)
  archive.finalize()
  return buffer(archive)
}

/** In pieces, as they come from a container. */
async function* inPieces(bytes: Buffer, size = 700): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const file = (name: string, content = name): Entry => ({ name, content, mode: 0o644 })

describe('an archive of a container', () => {
  test('becomes its files and folders, with no rights of theirs', async () => {
    await using folder = await temporaryFolder()
    const archive = await archiveOf([
      { name: './', type: 'directory', mode: 0o777 },
      { name: './run', content: '#!/bin/sh\n', mode: 0o6755, uid: 0, gid: 0 },
      { name: './deep/', type: 'directory', mode: 0 },
      file('./deep/one'),
      // Its folder comes with it, or not at all.
      file('un/told/two'),
      file('./large', 'x'.repeat(100_000)),
      file(`./${'long/'.repeat(30)}name`),
    ])
    expect(await takeArchive(inPieces(archive), folder.path, 100)).toEqual({
      ...{ files: 5, folders: 1, leftOut: 0 },
    })
    expect(await readFile(join(folder.path, 'deep/one'), 'utf8')).toBe('./deep/one')
    expect((await readFile(join(folder.path, 'large'))).length).toBe(100_000)
    const { mode } = await lstat(join(folder.path, 'run'))
    expect(mode & 0o7111).toBe(0)
  })

  test('makes no link, no device and no pipe, and writes through none', async () => {
    await using outside = await temporaryFolder()
    await using folder = await temporaryFolder()
    await writeFile(join(outside.path, 'mine'), 'mine')
    const archive = await archiveOf([
      { name: 'way', type: 'symlink', linkname: outside.path },
      file('way/planted'),
      { name: 'same', type: 'link', linkname: join(outside.path, 'mine') },
      { name: 'null', type: 'character-device', devmajor: 1, devminor: 3 },
      { name: 'pipe', type: 'fifo' },
    ])
    // What was to be a link is a folder of its own.
    expect(await takeArchive(inPieces(archive), folder.path, 100)).toEqual({
      ...{ files: 1, folders: 0, leftOut: 4 },
    })
    expect(await readdir(outside.path)).toEqual(['mine'])
    expect((await lstat(join(folder.path, 'way'))).isDirectory()).toBe(true)
    expect(await readdir(folder.path)).toEqual(['way'])
  })

  test('does not follow a link that is there already', async () => {
    await using outside = await temporaryFolder()
    await using folder = await temporaryFolder()
    await symlink(join(outside.path, 'planted'), join(folder.path, 'file'))
    const archive = await archiveOf([file('file')])
    await expect(takeArchive(inPieces(archive), folder.path, 100)).rejects.toThrow(/EEXIST|ELOOP/)
    expect(await readdir(outside.path)).toEqual([])
  })

  test.each([
    '../planted',
    './a/../../planted',
    '/planted',
    'a/..',
    'a\x1b[2Jb',
    `${'d/'.repeat(70)}deep`,
  ])('with a name that leads elsewhere is not taken: %j', async (name) => {
    await using parent = await temporaryFolder()
    const folder = join(parent.path, 'folder')
    await mkdir(folder)
    const archive = await archiveOf([file('first'), file(name), file('last')])
    await expect(takeArchive(inPieces(archive), folder, 100)).rejects.toThrow('is not taken')
    expect(await readdir(parent.path)).toEqual(['folder'])
    expect(await readdir(folder)).toEqual(['first'])
  })

  test('that writes a file twice, or into one, is not taken', async () => {
    for (const second of ['one', 'one/two']) {
      await using folder = await temporaryFolder()
      const archive = await archiveOf([file('one', 'first'), file(second)])
      await expect(takeArchive(inPieces(archive), folder.path, 100)).rejects.toThrow()
      expect(await readFile(join(folder.path, 'one'), 'utf8')).toBe('first')
    }
  })

  test('has an end: too many entries, half of one, or no archive at all', async () => {
    await using folder = await temporaryFolder()
    const take = (bytes: Buffer) => takeArchive(inPieces(bytes), folder.path, 3)
    const four = await archiveOf(['a', 'b', 'c', 'd'].map((name) => file(name)))
    await expect(take(four)).rejects.toThrow('more than 3')
    const large = await archiveOf([file('large', 'x'.repeat(10_000))])
    await expect(take(large.subarray(0, 5000))).rejects.toThrow('Unexpected end')
    await expect(take(Buffer.alloc(4096, 'no archive'))).rejects.toThrow(/Invalid tar header/)
    // A header that promises more than any name takes would be kept in memory until it is there.
    const promise = await archiveOf([file('x', '')])
    promise.write('x', 156)
    promise.write('77777777777\0', 124)
    promise.write('        ', 148)
    const sum = promise.subarray(0, 512).reduce((all, byte) => all + byte, 0)
    promise.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    await expect(take(promise)).rejects.toThrow('Header exceeds max size')
  })
})

test('what is larger than it may be is not taken', async () => {
  const read = (mostBytes: number) =>
    buffer(Readable.from([Buffer.alloc(6), Buffer.alloc(6)]).pipe(bounded(mostBytes, 'It')))
  expect((await read(12)).length).toBe(12)
  await expect(read(11)).rejects.toThrow('It is larger than 11 bytes, which is the most.')
})

test('two streams in one are told apart, however they are cut', async () => {
  const frame = (kind: number, text: string): Buffer => {
    const head = Buffer.alloc(8)
    head.writeUInt8(kind)
    head.writeUInt32BE(text.length, 4)
    return Buffer.concat([head, Buffer.from(text)])
  }
  const bytes = Buffer.concat([frame(1, 'out '), frame(2, 'error'), frame(1, ''), frame(1, 'more')])
  for (const size of [1, 3, 8, 100]) {
    const said = ['', '', '']
    for await (const { kind, bytes: part } of framesOf(inPieces(bytes, size)))
      said[kind] += part.toString()
    expect(said).toEqual(['', 'out more', 'error'])
  }
})
