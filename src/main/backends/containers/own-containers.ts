import type Docker from 'dockerode'
import { SessionId } from '../../../shared/domain/ids.ts'
import type { OwnContainer } from '../../../shared/domain/engine.ts'
import { LABEL } from './labels.ts'
import { ownerOf } from './owner.ts'

const KINDS: readonly OwnContainer['kind'][] = ['session', 'network', 'look']

/** Those with our labels, of every host that uses this engine, the newest first. */
export async function listOwn(client: Docker): Promise<OwnContainer[]> {
  const found = await client.listContainers({ all: true, filters: { label: [LABEL.kind] } })
  const owned = await Promise.all(
    found.map(async ({ Id, Names, Labels, Image, State, Created }) => {
      const kind = KINDS.find((each) => each === Labels[LABEL.kind])
      if (!kind) return []
      const owner = Labels[LABEL.owner] ?? ''
      return [
        {
          ...{ id: Id, name: Names[0]?.replace(/^\//, '') ?? Id, kind, image: Image, state: State },
          sessionId: SessionId.safeParse(Labels[LABEL.session]).data ?? null,
          createdAtMs: Created * 1000,
          isLeft: owner !== (await ownerOf(Number.parseInt(owner, 10))),
        },
      ]
    }),
  )
  return owned.flat().sort((a, b) => b.createdAtMs - a.createdAtMs)
}

/** null: it is none of ours, or gone. */
export async function findOwn(client: Docker, id: string): Promise<Docker.Container | null> {
  const own = await listOwn(client)
  return own.some((each) => each.id === id) ? client.getContainer(id) : null
}

/** That of a session; null: it is none, or gone. */
export async function findOwnSession(
  client: Docker,
  id: string,
): Promise<{ readonly container: Docker.Container; readonly sessionId: SessionId } | null> {
  const found = (await listOwn(client)).find((each) => each.id === id && each.kind === 'session')
  return found?.sessionId
    ? { container: client.getContainer(id), sessionId: found.sessionId }
    : null
}
