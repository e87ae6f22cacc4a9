import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writableHelper } from '../../../src/main/backends/writable-helpers.ts'

let root: string
let helper: string
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cloche-helpers-')))
  helper = join(root, 'checkout', 'out', 'helper.mjs')
  await mkdir(join(root, 'checkout', 'out'), { recursive: true })
  await mkdir(join(root, 'checkout-of-another'))
  await writeFile(helper, '')
})
afterEach(() => rm(root, { recursive: true, force: true }))

const inside = (workspace: string, more: readonly ['read' | 'write', string][] = []) =>
  writableHelper(
    {
      workspace: join(root, workspace),
      copy: null,
      mounts: more.map(([access, name]) => ({
        source: join(root, name),
        target: join(root, name),
        access,
      })),
    },
    [helper],
  )

test('a program of ours below a writable folder is named, however it is reached', async () => {
  expect(await inside('checkout')).toBe(helper)
  expect(await inside('checkout/out')).toBe(helper)
  expect(await inside('')).toBe(helper)
  expect(await inside('checkout-of-another', [['write', 'checkout/out']])).toBe(helper)
  await symlink(helper, join(root, 'link'))
  expect(
    await writableHelper({ workspace: join(root, 'checkout'), copy: null, mounts: [] }, [
      join(root, 'link'),
    ]),
  ).toBe(join(root, 'link'))
})

test('beside it, or where it can only be read, it is safe', async () => {
  expect(await inside('checkout-of-another')).toBeNull()
  expect(await inside('checkout/src')).toBeNull()
  expect(await inside('checkout-of-another', [['read', 'checkout']])).toBeNull()
})
