import type { ReviewContent } from '../../shared/domain/review.ts'
import { changeOf, type Sides } from './compare.ts'
import { type OpenFolder, partsOf, within } from '../disk/open-folder.ts'
import { lookAt, type Side } from './side.ts'

/** Both sides go over the wire in one frame, with what JSON adds. */
const MOST_BYTES = 200 * 1024

/** Both sides of a change as text; null: it is not what was seen any more. */
export async function contentOf(
  sides: Sides,
  path: string,
  seen: string,
): Promise<ReviewContent | null> {
  const names = partsOf(path)
  if (!names) return null
  const [copy, real] = [await lookAt(sides.copy, names), await lookAt(sides.real, names)]
  if (changeOf(path, copy, real, sides.base.get(path))?.seen !== seen) return null
  const both = [await textOf(sides.real, names, real), await textOf(sides.copy, names, copy)]
  for (const unshown of ['link', 'large', 'binary'] as const)
    if (both.some((text) => 'unshown' in text && text.unshown === unshown))
      return { before: null, after: null, unshown }
  const [before = null, after = null] = both.map((text) => ('text' in text ? text.text : null))
  return { before, after, unshown: null }
}

type Text =
  | { readonly text: string | null }
  | { readonly unshown: NonNullable<ReviewContent['unshown']> }

async function textOf(top: OpenFolder, names: readonly string[], side: Side): Promise<Text> {
  if (side.kind === 'link') return { unshown: 'link' }
  if (side.kind === 'large') return { unshown: 'large' }
  if (side.kind !== 'file') return { text: null }
  if (side.bytes > MOST_BYTES) return { unshown: 'large' }
  const bytes = await within(top, names.slice(0, -1), async (folder) => {
    const file = await folder.read(names.at(-1)!)
    if (!file) return null
    try {
      const buffer = Buffer.alloc(MOST_BYTES)
      const { bytesRead } = await file.read(buffer, 0, MOST_BYTES, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  })
  if (!bytes || bytes.includes(0)) return { unshown: 'binary' }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return { unshown: 'binary' }
  }
}
