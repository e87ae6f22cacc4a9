import { HostPattern } from '../../../shared/domain/policy.ts'
import type { FileAccess } from '../../../shared/domain/files.ts'
import type { PolicyFile } from '../../../shared/domain/policy-file.ts'

/** How well what a file said could be said here; each entry is a sentence that names the key. */
export interface MappingReport {
  readonly exact: readonly string[]
  readonly approximate: readonly string[]
  readonly dropped: readonly string[]
}

export interface Mapped {
  readonly policy: PolicyFile
  readonly report: MappingReport
}

/** Collects a policy, and of every key what became of it. */
export function createMapping() {
  const allow = new Set<string>()
  const deny = new Set<string>()
  const files = new Map<string, FileAccess>()
  const rest: { network?: PolicyFile['network'] } = {}
  const report: Record<keyof MappingReport, string[]> = { exact: [], approximate: [], dropped: [] }

  const drop = (key: string, why: string): void => void report.dropped.push(`${key}: ${why}`)
  const say = (key: string, approximately?: string): void =>
    void (approximately === undefined
      ? report.exact.push(key)
      : report.approximate.push(`${key}: ${approximately}`))

  return {
    drop,
    host: (key: string, kind: 'allow' | 'deny', written: string, approximately?: string): void => {
      const [, name = written, port] = /^(.*?):(\d{1,5}|\*)$/.exec(written) ?? []
      const host = name.toLowerCase()
      if (!HostPattern.safeParse(host).success)
        return drop(`${key} ${written}`, 'it is no host, or stands for too many')
      ;(kind === 'allow' ? allow : deny).add(host)
      say(`${key} ${written}`, port === undefined ? approximately : 'for every port')
    },
    file: (key: string, path: string, access: FileAccess, approximately?: string): void => {
      // Of two that speak of one path the narrower holds.
      const known = files.get(path)
      if (known === undefined || RANK[access] < RANK[known]) files.set(path, access)
      say(`${key} ${path}`, approximately)
    },
    network: (
      key: string,
      mode: NonNullable<PolicyFile['network']>,
      approximately?: string,
    ): void => {
      rest.network = mode
      say(key, approximately)
    },
    done: (): Mapped => ({
      policy: {
        ...rest,
        ...(allow.size > 0 ? { allow: [...allow].filter((host) => !deny.has(host)) } : {}),
        ...(deny.size > 0 ? { deny: [...deny] } : {}),
        ...(files.size > 0
          ? { files: [...files].map(([path, access]) => ({ path, access })) }
          : {}),
      },
      report,
    }),
  }
}

export type Mapping = ReturnType<typeof createMapping>

const RANK: Readonly<Record<FileAccess, number>> = { deny: 0, mask: 1, read: 2, write: 3 }

/** `./x` and `x` are of the workspace; `/x` and `~/x` are what they say. */
export const ofWorkspace = (path: string): string => path.replace(/^\.\//, '') || '.'

export const listOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []

export const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
