import { chmod, lstat, mkdir, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeRunFolder } from '../../../src/main/backends/run-folder.ts'

let root: string
let runtime: string
let temporary: string

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cloche-run-')))
  runtime = join(root, 'runtime')
  temporary = join(root, 'tmp')
  await mkdir(runtime, { mode: 0o700 })
  await mkdir(temporary, { mode: 0o700 })
  vi.stubEnv('XDG_RUNTIME_DIR', runtime)
  vi.stubEnv('TMPDIR', temporary)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(root, { recursive: true, force: true })
})

const modeOf = async (path: string): Promise<number> => (await lstat(path)).mode & 0o777

test('lies below the runtime folder, private, and goes with all it held', async () => {
  const folder = await makeRunFolder([])
  expect(dirname(folder.path)).toBe(join(runtime, 'cloche'))
  expect(await modeOf(folder.path)).toBe(0o700)
  expect(await modeOf(await folder.write('args', 'x'))).toBe(0o600)
  const [go] = await folder.fifos('go')
  if (!go) throw new Error('no fifo')
  const info = await lstat(join(folder.path, 'go'))
  expect([info.isFIFO(), info.mode & 0o777]).toEqual([true, 0o600])
  await go.close()
  await folder.remove()
  expect(await readdir(join(runtime, 'cloche'))).toEqual([])
})

test('two starts never share one, and a file is never written twice', async () => {
  const [first, second] = [await makeRunFolder([]), await makeRunFolder([])]
  expect(first.path).not.toBe(second.path)
  await first.write('args', 'x')
  await expect(first.write('args', 'y')).rejects.toThrow(/EEXIST/)
})

describe('is made elsewhere when its place', () => {
  test('was prepared as a link', async () => {
    const trap = join(root, 'trap')
    await mkdir(trap)
    await symlink(trap, join(runtime, 'cloche'))
    expect(dirname((await makeRunFolder([])).path)).toBe(temporary)
    expect(await readdir(trap)).toEqual([])
  })

  test('can be read by others', async () => {
    await mkdir(join(runtime, 'cloche'))
    await chmod(join(runtime, 'cloche'), 0o755)
    expect(dirname((await makeRunFolder([])).path)).toBe(temporary)
  })

  test('is visible inside the sandbox', async () => {
    expect(dirname((await makeRunFolder([runtime])).path)).toBe(temporary)
  })

  test('lets others replace what is in it', async () => {
    vi.stubEnv('XDG_RUNTIME_DIR', undefined)
    await chmod(temporary, 0o777)
    const folder = await makeRunFolder([])
    expect(dirname(folder.path)).toBe(await realpath('/tmp'))
    await folder.remove()
  })
})

test('is not made at all where no place is safe', async () => {
  await expect(makeRunFolder(['/tmp', root])).rejects.toThrow(/safe/)
  expect(await readdir(temporary)).toEqual([])
})
