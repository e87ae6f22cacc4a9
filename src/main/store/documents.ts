import { readFile, rename } from 'node:fs/promises'
import { basename } from 'node:path'
import { z } from 'zod'
import type { DocumentStore } from '../core/ports.ts'
import { replaceFile, type Survives } from './replace-file.ts'

/**
 * Keeps one value in one JSON file: `{ "version": N, "value": … }`. Saves follow each other in the
 * order they were asked. `empty` is the value while there is no file, or none that can be read.
 */
export function createDocumentStore<T>(
  path: string,
  schema: z.ZodType<T>,
  version: number,
  empty: T,
  survives: Survives = 'power-cut',
): DocumentStore<T> {
  const envelope = z.strictObject({ version: z.literal(version), value: schema })
  let saving: Promise<void> = Promise.resolve()

  const setAside = async (why: string): Promise<{ value: T; notice: string }> => {
    const stamp = new Date().toISOString().replaceAll(/[-:.]/g, '')
    const kept = `${path}.damaged-${stamp}`
    await rename(path, kept)
    return {
      value: empty,
      notice: `${basename(path)} ${why}. It was kept as ${basename(kept)}, and Cloche starts without it.`,
    }
  }

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
      const raw = parse(text)
      if (raw === undefined) return setAside('could not be read')
      const found = envelope.safeParse(raw)
      if (found.success) return { value: found.data.value, notice: null }
      return setAside(
        isNewer(raw, version)
          ? 'was written by a newer version of Cloche'
          : 'holds something unexpected',
      )
    },
    save: (value) => {
      const text = `${JSON.stringify({ version, value }, null, 2)}\n`
      // A failed save must not stop the next one; its own caller hears of it.
      saving = saving.catch(() => undefined).then(() => replaceFile(path, text, survives))
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

const Versioned = z.looseObject({ version: z.number() })

function isNewer(raw: unknown, version: number): boolean {
  const found = Versioned.safeParse(raw)
  return found.success && found.data.version > version
}
