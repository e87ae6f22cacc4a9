import { FileRule, type FileAccess } from '../../../shared/domain/files.ts'
import { HostPattern } from '../../../shared/domain/policy.ts'
import type { PolicyFile } from '../../../shared/domain/policy-file.ts'
import type { MappedKey, MappingReport } from '../../../shared/domain/policy-formats.ts'
import { VariableName } from '../../../shared/domain/variables.ts'

export interface Mapped {
  readonly policy: PolicyFile
  readonly report: MappingReport
}

/** As many as a policy has room for. */
const MOST = 256
const MOST_VARIABLES = 64
const full = (most: number): string => `a policy has room for ${most}`

/** What is said of rules that an agent has for its own tools. */
export const TOOLS = 'tools and commands are the agent’s; the boundary knows files and hosts'
export const EVERY_PROGRAM = 'held for every program, not only for the agent’s own tools'

/** Collects a policy, and of every key what became of it. `key`: as it stands in the file, with what it says. */
export function createMapping() {
  const hosts = { allow: new Set<string>(), deny: new Set<string>() }
  const files = new Map<string, FileAccess>()
  const variables = new Set<string>()
  const rest: Pick<PolicyFile, 'network' | 'image' | 'level'> = {}
  const report: Record<keyof MappingReport, MappedKey[]> = {
    ...{ exact: [], approximate: [], dropped: [] },
  }

  const drop = (key: string, why: string): void =>
    void report.dropped.push({ key, becomes: null, why })
  const say = (key: string, becomes: string, why: string | null = null): void =>
    void report[why === null ? 'exact' : 'approximate'].push({ key, becomes, why })

  return {
    drop,
    /** It says what holds without a policy, so none of its lines is needed. */
    same: (key: string, becomes: string): void => say(key, becomes),
    host: (key: string, kind: 'allow' | 'deny', written: string, approximately?: string): void => {
      const [, name = written, port] = /^(.*?):(\d{1,5}|\*)$/.exec(written) ?? []
      const host = name.toLowerCase()
      if (/^[\d.]+-[\d.]+$/.test(host))
        return drop(key, 'a range of addresses is written as a network, such as 192.0.2.0/24')
      if (!HostPattern.safeParse(host).success)
        return drop(key, 'it is no host, or stands for too many')
      if (hosts[kind].size >= MOST && !hosts[kind].has(host))
        return drop(key, `${full(MOST)} hosts`)
      hosts[kind].add(host)
      say(key, `${kind}: ${host}`, port === undefined ? approximately : 'for every port')
    },
    file: (key: string, path: string, access: FileAccess, approximately?: string): void => {
      if (!FileRule.safeParse({ path, access }).success) return drop(key, 'it is no path')
      if (/^(~|\/+|~\/+)$/.test(path))
        return drop(
          key,
          access === 'read' || access === 'write'
            ? 'a whole home folder, or all of this machine, is more than a policy gives'
            : 'nothing there is let in anyway but what a session is given',
        )
      // Of two that speak of one path the narrower holds.
      const known = files.get(path)
      if (known === undefined && files.size >= MOST)
        return drop(key, `${full(MOST)} rules for files`)
      if (known === undefined || RANK[access] < RANK[known]) files.set(path, access)
      say(key, `files: ${path} ${access}`, approximately)
    },
    network: (
      key: string,
      mode: NonNullable<PolicyFile['network']>,
      approximately?: string,
    ): void => {
      rest.network = mode
      say(key, `network: ${mode}`, approximately)
    },
    image: (key: string, name: string): void => {
      rest.image = name
      rest.level = 'container'
      say(key, `image: ${name}`, 'and at least a container, which alone has one')
    },
    variable: (key: string, name: string, approximately: string): void => {
      if (!VariableName.safeParse(name).success) return drop(key, 'it is no name of a variable')
      if (variables.size >= MOST_VARIABLES) return drop(key, full(MOST_VARIABLES))
      variables.add(name)
      say(key, `variables: ${name}`, approximately)
    },
    done: (): Mapped => ({
      policy: {
        ...rest,
        ...(hosts.allow.size > 0
          ? { allow: [...hosts.allow].filter((host) => !hosts.deny.has(host)) }
          : {}),
        ...(hosts.deny.size > 0 ? { deny: [...hosts.deny] } : {}),
        ...(variables.size > 0 ? { variables: [...variables] } : {}),
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
