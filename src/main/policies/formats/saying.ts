import type { FileRule } from '../../../shared/domain/files.ts'
import type { PolicyFile } from '../../../shared/domain/policy-file.ts'
import type { MappedKey, MappingReport } from '../../../shared/domain/policy-formats.ts'

/** How well another tool says one thing of a policy. */
export type Said = Pick<MappedKey, 'becomes' | 'why'>

export const exactly = (becomes: string): Said => ({ becomes, why: null })
export const approximately = (becomes: string, why: string): Said => ({ becomes, why })
/** What is not said at all is left out of what is written. */
export const notAtAll = (why: string): Said => ({ becomes: null, why })

/** What a format has words for; the rest of a policy no other tool has. */
export interface Saying {
  readonly network: (mode: NonNullable<PolicyFile['network']>) => Said
  readonly host: (kind: 'allow' | 'deny', host: string) => Said
  readonly file: (rule: FileRule) => Said
}

const CLOSED = notAtAll('the network is closed, so no host is reached')
const RANGE = notAtAll('a range of addresses is no host there')

const hostSaid = (
  { network }: PolicyFile,
  saying: Saying,
  kind: 'allow' | 'deny',
  host: string,
): Said =>
  kind === 'allow' && network === 'closed'
    ? CLOSED
    : host.includes('/')
      ? RANGE
      : saying.host(kind, host)

/** Keys that are Cloche's alone, and why. */
const OWN = {
  name: 'what people call it has no place there',
  level: 'which boundary a session has is Cloche’s',
  review: 'only Cloche works on a copy that a person applies',
  maskSecrets: 'which files hold secrets is found when a session starts',
  inspectTls: 'nothing looks into TLS there',
  variables: 'which variables are let in is Cloche’s',
  limits: 'it does not limit the machine’s resources',
  image: 'it has no containers',
} as const satisfies Partial<Record<keyof PolicyFile, string>>

/** What of a policy the format says, and a word on each key. */
export function sayIn(
  saying: Saying,
  policy: PolicyFile,
): { readonly policy: PolicyFile; readonly report: MappingReport } {
  const { network, allow = [], deny = [], files = [] } = policy
  const report: Record<keyof MappingReport, MappedKey[]> = {
    ...{ exact: [], approximate: [], dropped: [] },
  }
  /** Whether it is said. */
  const take = (key: string, said: Said): boolean => {
    const group = said.becomes === null ? 'dropped' : said.why === null ? 'exact' : 'approximate'
    report[group].push({ key, ...said })
    return said.becomes !== null
  }
  if (network !== undefined) take(`network: ${network}`, saying.network(network))
  const hosts = (kind: 'allow' | 'deny', list: readonly string[]): string[] =>
    list.filter((host) => take(`${kind}: ${host}`, hostSaid(policy, saying, kind, host)))
  const said: PolicyFile = {
    ...(network === undefined ? {} : { network }),
    allow: hosts('allow', allow),
    deny: hosts('deny', deny),
    files: files.filter((rule) => take(`files: ${rule.path} ${rule.access}`, saying.file(rule))),
  }
  for (const [key, why] of Object.entries(OWN)) if (key in policy) take(key, notAtAll(why))
  return { policy: said, report }
}
