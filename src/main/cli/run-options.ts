import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import type { AgentId } from '../../shared/domain/agent.ts'
import { IsolationLevel } from '../../shared/domain/isolation.ts'
import { ASKED_FOR } from '../../shared/domain/network-mode.ts'
import { type PolicyFile, wordsOfProblem } from '../../shared/domain/policy-file.ts'
import type { Profile } from '../../shared/domain/profile.ts'
import { HostPattern } from '../../shared/domain/policy.ts'
import { BASIC_SPEC, mayLearn, type SessionSpec } from '../../shared/domain/session.ts'
import { AGENTS } from '../agents/descriptors.ts'
import { parsePolicy } from '../policies/parse-policy.ts'
import { CommandFailure, EXIT } from './exit.ts'

export const RUN_OPTIONS = {
  level: { type: 'string', value: 'LEVEL', does: 'os (default), container, vm or unconfined' },
  network: { type: 'string', value: 'MODE', does: 'ask (default), listed or closed' },
  allow: { type: 'string', multiple: true, value: 'HOST', does: 'a host that is reached unasked' },
  deny: { type: 'string', multiple: true, value: 'HOST', does: 'a host that is never reached' },
  profile: {
    type: 'string',
    value: 'NAME',
    does: 'a profile, or a policy file of yours, that is applied in full',
  },
  image: {
    type: 'string',
    value: 'IMAGE',
    does: 'whose programs a container or a virtual machine has',
  },
  var: {
    type: 'string',
    multiple: true,
    value: 'NAME',
    does: 'a variable that is let in, as a secret',
  },
  workspace: { type: 'string', value: 'DIR', does: 'the folder it works in (default: this one)' },
  title: { type: 'string', value: 'TEXT', does: 'what people call the session' },
  'sign-in': { type: 'boolean', does: 'the agent may use a copy of your sign-in' },
  learn: {
    type: 'boolean',
    does: 'note which files it opens and looks for, for a policy from what it did',
  },
  review: {
    type: 'boolean',
    does: 'work on a copy of the folder; cloche review applies what changed',
  },
  detach: { type: 'boolean', does: 'print the id and leave it to the Cloche that runs' },
  acknowledge: { type: 'string', value: 'WORD', does: 'the word unconfined, for that level' },
} as const

export interface RunValues {
  readonly level?: string
  readonly network?: string
  readonly allow?: string[]
  readonly deny?: string[]
  readonly profile?: string
  readonly image?: string
  readonly var?: string[]
  readonly workspace?: string
  readonly title?: string
  readonly 'sign-in'?: boolean
  readonly learn?: boolean
  readonly review?: boolean
  readonly detach?: boolean
  readonly acknowledge?: string
}

function wrong(sentence: string): never {
  throw new CommandFailure(sentence, EXIT.usage)
}

/** What is asked for; anything that is not understood is refused before a host is looked for. */
export function specOf(values: RunValues, words: readonly string[]): SessionSpec {
  const [program = '', ...args] = words
  if (program === '') wrong('Say what to run, after two dashes: cloche run -- claude')
  const level = IsolationLevel.safeParse(values.level ?? 'os').data
  if (!level) wrong(`--level takes os, container, vm or unconfined, not “${values.level}”.`)
  const network = Object.entries(ASKED_FOR).find(
    ([name]) => name === (values.network ?? 'ask'),
  )?.[1]
  if (!network) wrong(`--network takes ask, listed or closed, not “${values.network}”.`)
  if (values.learn && !mayLearn(level))
    wrong('--learn needs to see calls of programs: take --level os, container or vm with it.')
  const agent = AGENTS.find(({ binary }) => binary === program)
  return {
    ...BASIC_SPEC,
    agent: agent?.id ?? ('command' satisfies AgentId),
    command: agent ? null : words.map(quoted).join(' '),
    args: agent ? args : [],
    workspace: resolve(values.workspace ?? process.cwd()),
    ...{ level, network, title: values.title ?? null },
    grants: hosts(values.allow, '--allow'),
    denies: hosts(values.deny, '--deny'),
    useSignIn: values['sign-in'] ?? false,
    learn: values.learn ?? false,
    review: values.review ?? false,
    variables: (values.var ?? []).map((name) => ({ name, source: 'machine', isSecret: true })),
    image: values.image ?? null,
    acknowledgement: values.acknowledge ?? null,
  }
}

/** By its name, else a file. */
export async function findProfile(
  wanted: string,
  profiles: readonly Profile[],
): Promise<PolicyFile> {
  const known = profiles.findLast(({ name }) => name === wanted)
  if (!known) return readProfile(wanted)
  return known.policy ?? readProfile(known.path ?? wanted)
}

/** A file of the person's own: it may widen as well. */
export async function readProfile(path: string) {
  const text = await readFile(path, 'utf8').catch(() => wrong(`The file ${path} cannot be read.`))
  const parsed = parsePolicy(text)
  if (parsed.ok) return parsed.value
  return wrong(`${basename(path)}, ${wordsOfProblem(parsed.error)}.`)
}

function hosts(given: readonly string[] | undefined, option: string): string[] {
  for (const host of given ?? [])
    if (!HostPattern.safeParse(host).success)
      wrong(`${option} takes a host such as api.example.org or *.example.org, not “${host}”.`)
  return [...(given ?? [])]
}

/** As the words are split again: nothing in them has a meaning. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`
