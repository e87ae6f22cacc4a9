import { lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createDocumentStore } from '../../../src/main/store/documents.ts'
import { temporaryFolder } from '../../helpers/recording.ts'

const Names = z.array(z.string())
const storeAt = (path: string) => createDocumentStore(path, Names, 1, [])

describe('document store', () => {
  it('starts empty, keeps the last value saved, in a private file', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'names.json')
    expect(await storeAt(path).load()).toEqual({ value: [], notice: null })
    const store = storeAt(path)
    await Promise.all([store.save(['a']), store.save(['a', 'b']), store.save(['c'])])
    expect(await storeAt(path).load()).toEqual({ value: ['c'], notice: null })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder.path)).toEqual(['names.json'])
  })

  it.each([
    ['cut short', '{"version":1,"value":["a"'],
    ['empty', ''],
    ['of another shape', '{"version":1,"value":[1,2]}'],
    ['of a newer version', '{"version":2,"value":{"names":["a"]}}'],
  ])('sets a file aside that is %s, and says so', async (_, text) => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'names.json')
    await writeFile(path, text)
    const store = storeAt(path)
    const { value, notice } = await store.load()
    expect(value).toEqual([])
    const [kept] = await readdir(folder.path)
    expect(kept).toMatch(/^names\.json\.damaged-/)
    expect(notice).toContain(kept)
    expect(await readFile(join(folder.path, kept!), 'utf8')).toBe(text)
    await store.save(['new'])
    expect((await readdir(folder.path)).length).toBe(2)
  })

  it('follows a link and leaves it a link', async () => {
    await using folder = await temporaryFolder()
    await mkdir(join(folder.path, 'elsewhere'))
    const target = join(folder.path, 'elsewhere', 'kept.json')
    const path = join(folder.path, 'names.json')
    await writeFile(target, '{"version":1,"value":["a"]}')
    await symlink(target, path)
    const store = storeAt(path)
    expect((await store.load()).value).toEqual(['a'])
    await store.save(['b'])
    expect((await lstat(path)).isSymbolicLink()).toBe(true)
    expect(JSON.parse(await readFile(target, 'utf8'))).toEqual({ version: 1, value: ['b'] })
  })

  it('tells the one who saved that it failed, and can save again', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'later', 'names.json')
    const store = storeAt(path)
    await expect(store.save(['a'])).rejects.toThrow()
    await mkdir(join(folder.path, 'later'))
    await store.save(['b'])
    expect((await store.load()).value).toEqual(['b'])
  })
})
