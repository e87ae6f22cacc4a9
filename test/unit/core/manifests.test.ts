import { describe, expect, test } from 'vitest'
import type { Manifest, ManifestRow } from '../../../src/main/core/file-port.ts'
import { createManifests } from '../../../src/main/core/manifests.ts'
import { ok } from '../../../src/shared/result.ts'
import { sessionId } from '../../helpers/recording.ts'

const START_MS = 1_700_000_000_000
const row = (path: string, beforeMs: number, kind: ManifestRow['kind'] = 'file'): ManifestRow => ({
  ...{ path, kind, bytes: 1, inode: '1', mtimeNs: '0' },
  ctimeNs: `${START_MS - beforeMs}000000`,
})
const id = sessionId(1)

/** Of these files, in a session with these secrets. */
function taken(rows: readonly ManifestRow[], secrets: string[] = []) {
  const kept = new Map<string, Manifest>()
  const reads: string[] = []
  const errors: string[] = []
  const manifests = createManifests({
    list: () => Promise.resolve({ rows, isWhole: true }),
    store: {
      write: (session, manifest) => {
        if (rows.length === 0) return Promise.reject(new Error('no space left'))
        kept.set(session, manifest)
        return Promise.resolve()
      },
      read: (session) => Promise.resolve(kept.get(session) ?? null),
    },
    read: (_, { path }, now) => {
      reads.push(`${path} at ${now}`)
      return Promise.resolve(ok(new TextEncoder().encode('text')))
    },
    secrets: { of: () => secrets, blotBytes: (_, bytes) => bytes },
    clock: { wallMs: () => START_MS },
    log: { info: () => undefined, warn: () => undefined, error: (words) => errors.push(words) },
  })
  return { manifests, reads, errors, done: manifests.take(id, { folder: '/w', hidden: [] }) }
}

describe('a manifest', () => {
  test('says nothing of what changed as the watch began or later, and reads none of it', async () => {
    const files = [row('old', 1000), row('tick', 5), row('new', -10), row('link', 1000, 'link')]
    const { manifests, reads } = taken(files)
    const page = await manifests.page(id, 0)
    expect(page?.files.map(({ path, isSettled }) => [path, isSettled])).toEqual([
      ...[
        ['old', true],
        ['tick', false],
      ],
      ...[
        ['new', false],
        ['link', true],
      ],
    ])
    const found = await Promise.all(
      ['old', 'tick', 'new', 'link', 'never'].map((path) => manifests.read(id, path, 'elsewhere')),
    )
    expect(found.map((read) => (read.ok ? 'read' : read.error))).toEqual([
      ...['read', 'unsettled', 'unsettled', 'no_file', 'not_listed'],
    ])
    expect(reads).toEqual(['old at elsewhere'])
  })

  test('reads nothing of a session whose secrets nobody knows any more', async () => {
    const secrets = ['a-secret-value']
    const { manifests, reads, done } = taken([row('old', 1000)], secrets)
    await done
    expect(await manifests.read(id, 'old', 'old')).toMatchObject({ ok: true })
    secrets.pop()
    expect(await manifests.read(id, 'old', 'old')).toMatchObject({ error: 'secrets_forgotten' })
    expect(reads).toHaveLength(1)
  })

  test('is told in parts', async () => {
    const { manifests } = taken(Array.from({ length: 5001 }, (_, n) => row(`file-${n}`, 1000)))
    expect(await manifests.page(id, 0)).toMatchObject({ isLast: false })
    const last = await manifests.page(id, 5000)
    expect(last).toMatchObject({ isLast: true, files: [{ path: 'file-5000' }] })
  })

  test('that cannot be written is none, and the session goes on', async () => {
    const { manifests, done, errors } = taken([])
    await done
    expect(await manifests.page(id, 0)).toBeNull()
    expect(errors).toHaveLength(1)
  })
})
