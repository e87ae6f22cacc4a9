import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Profile } from '../../shared/domain/profile.ts'
import { err, ok } from '../../shared/result.ts'
import type { ProfileStore } from '../core/policy-port.ts'
import { parsePolicy } from './parse-policy.ts'

const ENDING = '.jsonc'
const MOST_PROFILES = 100

/** Policies that a person keeps in a folder of Cloche's data. */
export function createProfiles(folder: string): ProfileStore {
  return {
    list: async () => {
      const names = await readdir(folder).catch(() => [])
      const files = names
        .filter((name) => name.endsWith(ENDING))
        .sort()
        .slice(0, MOST_PROFILES)
      return Promise.all(
        files.map(async (file): Promise<Profile> => {
          const path = join(folder, file)
          const known = { name: file.slice(0, -ENDING.length), origin: 'yours', path } as const
          const text = await readFile(path, 'utf8').catch(() => null)
          if (text === null) {
            const problem = { line: null, key: null, reason: 'it cannot be read' }
            return { ...known, policy: null, problem }
          }
          const parsed = parsePolicy(text)
          return parsed.ok
            ? { ...known, policy: parsed.value, problem: null }
            : { ...known, policy: null, problem: parsed.error }
        }),
      )
    },
    save: async (name, policy) => {
      const path = join(folder, `${name}${ENDING}`)
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeFile(`${path}.new`, `${JSON.stringify(policy, null, 2)}\n`, { mode: 0o600 })
        await rename(`${path}.new`, path)
        return ok(null)
      } catch (cause) {
        return err(cause instanceof Error ? cause.message : String(cause))
      }
    },
  }
}
