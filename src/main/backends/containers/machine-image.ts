import { createHash } from 'node:crypto'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type Docker from 'dockerode'
import type { MachineLayout } from '../layout.ts'
import { run } from '../spawn.ts'
import { hasImage } from './has-image.ts'
import { LABEL } from './labels.ts'

/** What images of this kind are called, with a digest behind it. */
export const MACHINE_IMAGE = 'cloche-machine'

/**
 * An image with nothing in it but the links between this machine's top folders: everything else of a
 * session comes from mounts, as in the OS sandbox. Made once; its name says which links it has.
 * `folder` is ours and is used for its archive. Rejects with the engine's words.
 */
export async function machineImage(
  engine: Docker,
  { links }: Pick<MachineLayout, 'links'>,
  folder: string,
): Promise<string> {
  const digest = createHash('sha256').update(JSON.stringify(links)).digest('hex').slice(0, 12)
  // Engines differ in what they make of tags and labels, and agree on a name without either.
  const name = `${MACHINE_IMAGE}-${digest}`
  if (await hasImage(engine, name)) return name
  const root = join(folder, 'image')
  await mkdir(root)
  for (const [path, target] of links) await symlink(target, join(root, path))
  const archive = join(folder, 'image.tar')
  const packed = await run('tar', ['-C', root, '--owner=0', '--group=0', '-cf', archive, '.'], {
    timeoutMs: 10_000,
  })
  if (packed.code !== 0) throw new Error(`tar: ${packed.stderr.trim() || 'not found'}`)
  const changes = `LABEL ${LABEL.kind}=machine`
  const progress = await engine.importImage(archive, { repo: name, changes })
  // What the engine says meanwhile is of no interest; its end is.
  for await (const _part of progress) continue
  if (!(await hasImage(engine, name)))
    throw new Error('the engine did not keep the image it was given')
  return name
}
