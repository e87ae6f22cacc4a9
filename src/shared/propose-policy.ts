import type { FileNeed } from './domain/file-changes.ts'
import type { NetworkEntry } from './network-projection.ts'
import { HostPattern, MACHINE_NAME } from './domain/policy.ts'
import type { SessionState } from './projection.ts'

/** One line of a policy that would have held a session to what it did, and what speaks for it. */
export interface ProposedLine {
  readonly key: 'level' | 'network' | 'allow' | 'deny' | 'files' | 'maskSecrets'
  /** As it stands in the file. */
  readonly value: string
  readonly why: string
  /** Whether it is chosen at first: what is wide, or says little, is not. */
  readonly isOn: boolean
}

/** More is no list that anybody reads. */
const MOST_HOSTS = 64
const MOST_FILES = 64

/**
 * The narrowest policy under which a session could do again what it did: the hosts it reached, by name, never a
 * pattern; of what it looked for in vain single files, never a folder, nothing that may hold credentials. What
 * it only tried, and what is wide, is listed and not chosen. `home`: of the person; a path below it is
 * written as everybody's. Pure.
 */
export function proposePolicy(state: SessionState, home: string | null): ProposedLine[] {
  const { session, network, files, needs, processes } = state
  if (!session) return []
  const { level } = session.spec
  const hosts = [...byHost([...network.values()])].slice(0, MOST_HOSTS)
  const changed = files.size
  const learned = [...needs.values()]
  const nameOf = (need: FileNeed): string =>
    oneLine((need.reader && processes.get(need.reader)?.name) ?? 'a program')
  const secrets = learned.filter(({ outcome, isSecret }) => outcome === 'read' && isSecret)
  return [
    {
      ...{ key: 'level', value: level === 'unconfined' ? 'os' : level, isOn: true },
      why: level === 'unconfined' ? 'it ran without a boundary' : 'where it ran',
    },
    {
      ...{ key: 'network', value: 'listed', isOn: true },
      why: 'what is not listed below is refused unasked',
    },
    ...hosts.map(([host, entries]) => lineOf(host, entries)),
    ...(changed === 0
      ? [{ key: 'files', value: '.', why: 'it changed no file of the folder', isOn: true } as const]
      : []),
    ...learned
      .filter(({ outcome }) => outcome === 'absent')
      .map((need) => lineOfNeed(need, nameOf(need), home))
      .toSorted((one, other) => Number(other.isOn) - Number(one.isOn))
      .slice(0, MOST_FILES),
    { key: 'maskSecrets', value: 'true', ...wordsOfSecrets(hasLearned(state), secrets, nameOf) },
  ]
}

function lineOfNeed(need: FileNeed, name: string, home: string | null): ProposedLine {
  const { path } = need
  const weak = weakness(need)
  return {
    key: 'files',
    value: home !== null && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path,
    why: `${name} looked for it in vain${weak === null ? '' : `; ${weak}`}`,
    isOn: weak === null,
  }
}

/** Why a file that was looked for is not proposed by itself; null: it may be. */
function weakness({ isSecret, isFolder }: FileNeed): string | null {
  if (isSecret) return 'it may hold keys or sign-ins'
  return isFolder ? 'a whole folder is more than it needs: name what is in it' : null
}

/** Asked for is not done: not everywhere can calls be seen, and whoever looks may have been lost. */
export const hasLearned = ({ session, fileWatching }: SessionState): boolean =>
  session?.spec.learn === true && fileWatching?.source === 'calls'

function wordsOfSecrets(
  isLearned: boolean,
  secrets: readonly FileNeed[],
  nameOf: (need: FileNeed) => string,
): Pick<ProposedLine, 'why' | 'isOn'> {
  const [first] = secrets
  if (first) return { why: `${nameOf(first)} opened ${oneLine(first.path)}`, isOn: false }
  return isLearned
    ? { why: 'it opened none', isOn: true }
    : { why: 'whether it read any is not known: it was not learned', isOn: false }
}

/** Reached or not, in the order of the first attempt. */
function byHost(entries: readonly NetworkEntry[]): Map<string, NetworkEntry[]> {
  const found = new Map<string, NetworkEntry[]>()
  for (const entry of entries) {
    const { host } = entry.destination
    if (host === MACHINE_NAME || !HostPattern.safeParse(host).success) continue
    found.set(host, [...(found.get(host) ?? []), entry])
  }
  return found
}

function lineOf(host: string, entries: readonly NetworkEntry[]): ProposedLine {
  const allowed = entries.filter(({ decision }) => decision?.action === 'allow')
  const refused = entries.filter(
    ({ decision }) => decision?.action === 'deny' && decision.by.kind === 'person',
  )
  const who = [...new Set(entries.flatMap(({ requester }) => requester?.process.name ?? []))]
  const by = who.length === 0 ? 'somebody' : who.slice(0, 3).map(oneLine).join(', ')
  const times = `${entries.length} ${entries.length === 1 ? 'time' : 'times'}`
  if (refused.length > 0 && allowed.length === 0)
    return { key: 'deny', value: host, why: `you refused it to ${by}`, isOn: true }
  if (allowed.length === 0)
    return { key: 'allow', value: host, why: `${by} only tried, ${times}`, isOn: false }
  const isAddress = /^[\d.]+$|:/.test(host)
  return {
    ...{ key: 'allow', value: host, isOn: !isAddress },
    why: `${by}, ${times}${isAddress ? '; an address says little of who is there' : ''}`,
  }
}

/** A program's name is its own choice. */
const oneLine = (text: string): string =>
  text.replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '·').slice(0, 60)

/** As a file to read and change, each line with what speaks for it. */
export function textOfPolicy(lines: readonly ProposedLine[]): string {
  const chosen = lines.filter(({ isOn }) => isOn)
  const of = (key: ProposedLine['key']): ProposedLine[] => chosen.filter((line) => line.key === key)
  const list = (
    key: 'allow' | 'deny' | 'files',
    write: (value: string) => string = JSON.stringify,
  ): string[] =>
    of(key).length === 0
      ? []
      : [
          `  "${key}": [`,
          ...of(key).map(({ value, why }) => `    ${write(value)}, // ${why}`),
          '  ],',
        ]
  return [
    '{',
    ...of('level').map(({ value, why }) => `  "level": "${value}", // ${why}`),
    ...of('network').map(({ value, why }) => `  "network": "${value}", // ${why}`),
    ...list('allow'),
    ...list('deny'),
    ...list('files', (path) => `{ "path": ${JSON.stringify(path)}, "access": "read" }`),
    ...of('maskSecrets').map(({ value, why }) => `  "maskSecrets": ${value}, // ${why}`),
    '}',
    '',
  ].join('\n')
}
