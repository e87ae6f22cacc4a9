import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
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
        return err(wordsOf(cause))
      }
    },
    keep: async (name, text) => {
      const parsed = parsePolicy(text)
      if (!parsed.ok) return err({ type: 'wrong', ...parsed.error })
      const path = join(folder, `${name}${ENDING}`)
      const passing = `${path}.${process.pid}.new`
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeFile(passing, text, { mode: 0o600 })
        // Unlike a rename it fails where the name is taken, and the file is whole from the start.
        await link(passing, path)
        return ok(null)
      } catch (cause) {
        const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
        return err(isTaken ? { type: 'taken' } : { type: 'unwritable', detail: wordsOf(cause) })
      } finally {
        await rm(passing, { force: true })
      }
    },
    check: (text) => {
      const parsed = parsePolicy(text)
      return parsed.ok ? null : parsed.error
    },
  }
}

const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
