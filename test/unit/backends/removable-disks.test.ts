import { expect, test } from 'vitest'
import {
  isDisk,
  removableDisks,
  removeDisks,
} from '../../../src/main/backends/containers/removable-disks.ts'

const [ONE, OTHER] = ['ab'.repeat(32), 'cd'.repeat(32)] as const

/** A folder of disks, of which `busy` is a machine's since it was listed. */
function disks(busy: string | null = null) {
  const removed: string[] = []
  return {
    removed,
    kept: () =>
      Promise.resolve([
        { digest: ONE, sizeBytes: 5, usedAtMs: 1 },
        { digest: OTHER, sizeBytes: 7, usedAtMs: 2 },
      ]),
    remove: (digest: string) => {
      if (digest === busy) return Promise.resolve(false)
      removed.push(digest)
      return Promise.resolve(true)
    },
  }
}

test('disks are shown with their size and last use also where no engine answers', async () => {
  const listed = await removableDisks(disks(), { client: () => Promise.resolve(null) })
  expect(listed).toMatchObject([
    { kind: 'disk', id: `disk:${ONE}`, name: ONE.slice(0, 12), sizeBytes: 5, usedAtMs: 1 },
    { kind: 'disk', id: `disk:${OTHER}`, name: OTHER.slice(0, 12), sizeBytes: 7, usedAtMs: 2 },
  ])
  expect(listed.map(({ id }) => isDisk(id))).toEqual([true, true])
})

test('only what was named goes, and not what a machine has by then', async () => {
  const both = [`disk:${ONE}`, `disk:${OTHER}`]
  const free = disks()
  expect(await removeDisks(free, [`disk:${OTHER}`, `sha256:${ONE}`, ONE])).toBe(7)
  expect(free.removed).toEqual([OTHER])
  const taken = disks(OTHER)
  expect(await removeDisks(taken, both)).toBe(5)
  expect(taken.removed).toEqual([ONE])
})
