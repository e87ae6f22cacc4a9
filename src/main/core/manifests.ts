import type { SessionId } from '../../shared/domain/ids.ts'
import type { ManifestPage, WhyNotKnown } from '../../shared/domain/manifest.ts'
import { keepLatest } from '../../shared/keep-latest.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { ListFiles, ListRequest, Manifest, ManifestStore, ReadListed } from './file-port.ts'
import type { Clock, Log } from './ports.ts'
import type { Secrets } from './secrets.ts'

export interface ManifestsOptions {
  readonly list: ListFiles
  readonly store: ManifestStore
  readonly read: ReadListed
  readonly secrets: Pick<Secrets, 'of' | 'blotBytes'>
  readonly clock: Pick<Clock, 'wallMs'>
  readonly log: Log
}

/** Which files a workspace had as the watch of a session began, and what was in them. */
export interface Manifests {
  /** Lists them, beside the session that begins. Never rejects: a list that cannot be made is none. */
  take(id: SessionId, request: ListRequest): Promise<void>
  /** From place `from` on, some thousands; waits for a list that is being made. null: there is none. */
  page(id: SessionId, from: number): Promise<ManifestPage | null>
  /**
   * What was in a file of the list, where that is proven: it is still on the disk, at `now`, just as it was
   * listed. The session's secrets are taken out; where nobody knows them any more it is refused.
   */
  read(id: SessionId, path: string, now: string): Promise<Result<Uint8Array, WhyNotKnown>>
}

const PAGE = 5000
const MOST_KEPT = 2
/** The kernel's clock of files ticks in steps that are shorter. */
const TICK_MS = 20

export function createManifests(options: ManifestsOptions): Manifests {
  const { store, secrets, log } = options
  const making = new Map<SessionId, Promise<void>>()
  const kept = new Map<SessionId, Manifest | null>()

  const make = async (id: SessionId, request: ListRequest): Promise<void> => {
    const settledNs = `${options.clock.wallMs() - TICK_MS}000000`
    const hasSecrets = secrets.of(id).length > 0
    const list = await options.list(request)
    if (!list) return
    const manifest = { ...list, folder: request.folder, settledNs, hasSecrets }
    await store.write(id, manifest, (bytes) => secrets.blotBytes(id, bytes))
  }
  const find = async (id: SessionId): Promise<Manifest | null> => {
    await making.get(id)
    const manifest = kept.get(id) ?? (await store.read(id))
    keepLatest(kept, id, manifest, MOST_KEPT)
    return manifest
  }
  const isSettled = ({ settledNs }: Manifest, { ctimeNs }: { readonly ctimeNs: string }): boolean =>
    BigInt(ctimeNs) < BigInt(settledNs)

  return {
    take: (id, request) => {
      const work = make(id, request)
        .catch((cause: unknown) => log.error(`the files of ${id} were not listed`, cause))
        .finally(() => making.delete(id))
      making.set(id, work)
      return work
    },
    page: async (id, from) => {
      const manifest = await find(id)
      if (!manifest) return null
      const rows = manifest.rows.slice(from, from + PAGE)
      return {
        files: rows.map((row) => ({
          ...{ path: row.path, kind: row.kind, bytes: row.bytes },
          isSettled: isSettled(manifest, row),
        })),
        isWhole: manifest.isWhole,
        isLast: from + PAGE >= manifest.rows.length,
      }
    },
    read: async (id, path, now) => {
      const manifest = await find(id)
      const row = manifest?.rows.find((each) => each.path === path)
      if (!manifest || !row) return err('not_listed')
      if (row.kind !== 'file') return err('no_file')
      if (!isSettled(manifest, row)) return err('unsettled')
      if (manifest.hasSecrets && secrets.of(id).length === 0) return err('secrets_forgotten')
      const found = await options.read(manifest.folder, row, now)
      return found.ok ? ok(secrets.blotBytes(id, found.value)) : found
    },
  }
}
