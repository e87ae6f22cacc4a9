import { open, readFile, realpath, rename } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { z } from 'zod'
import type { DocumentStore } from '../core/ports.ts'

/** Keeps one value in one JSON file: `{ "version": N, "value": … }`, replaced atomically. */
export function createDocumentStore<T>(
  path: string,
  schema: z.ZodType<T>,
  version: number,
  empty: T,
): DocumentStore<T> {
  const envelope = z.strictObject({ version: z.literal(version), value: schema })
  let saving: Promise<void> = Promise.resolve()
  return {
    load: async () => {
      let text: string
      try {
        text = await readFile(path, 'utf8')
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
          return { value: empty, notice: null }
        throw cause
      }
      const parsed = envelope.safeParse(parse(text))
      if (parsed.success) return { value: parsed.data.value, notice: null }
      const aside = `${path}.damaged-${new Date().toISOString().replaceAll(':', '-')}`
      await rename(path, aside)
      return {
        value: empty,
        notice: `${basename(path)} could not be read and was set aside as ${basename(aside)}; Cloche started without it.`,
      }
    },
    save: (value) => {
      // One after the other: the last value saved is the one that stays.
      saving = saving.catch(() => undefined).then(() => replace(path, { version, value }))
      return saving
    },
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A link (a dotfile repository) is followed, so that it stays a link. */
async function replace(path: string, content: unknown): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const fresh = `${target}.new`
  const file = await open(fresh, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(content, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(fresh, target)
  const folder = await open(dirname(target), 'r')
  await folder.sync().finally(() => folder.close())
}
