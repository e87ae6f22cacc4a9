import { relative } from 'node:path'
import type { EffectivePolicy, PolicySentence } from '../../shared/domain/effective-policy.ts'
import type { Axis } from '../../shared/domain/isolation.ts'
import type { PlanInput } from '../core/isolation/plan.ts'
import { isWithin } from '../core/within.ts'
import type { FileEntry, FilePolicy } from './files/entries.ts'
import type { MachineLayout } from './layout.ts'

type Origin = PolicySentence['origin']

const sentence =
  (kind: PolicySentence['kind'], axis: Axis) =>
  (origin: Origin, text: string): PolicySentence => ({ axis, kind, origin, text })

const canFile = sentence('can', 'files')
const cannotFile = sentence('cannot', 'files')

/** Of this machine, or of an image. */
type Programs =
  | Pick<MachineLayout, 'folders' | 'etcFolders' | 'etcFiles'>
  | { readonly image: string }

/** The plan in words. Pure; the exact arguments come from the same plan and policy. */
export function policySentences(
  plan: PlanInput,
  programs: Programs,
  files: FilePolicy,
): PolicySentence[] {
  return [
    ...fileSentences(plan, programs, files),
    ...networkSentences(plan),
    sentence('cannot', 'processes')('boundary', 'see, signal or trace any program outside'),
    sentence('cannot', 'processes')(
      'boundary',
      'gain privileges, make namespaces, or reach rarely used parts of the kernel',
    ),
    ...credentialSentences(plan),
  ]
}

function fileSentences(
  plan: PlanInput,
  programs: Programs,
  { entries, gaps }: FilePolicy,
): PolicySentence[] {
  const whole = entries.find(({ path }) => path === plan.workspace)
  const isReadOnly = whole?.access === 'read'
  const isOwn = ({ path }: FileEntry): boolean => path !== plan.workspace
  const rules = entries.filter((entry) => entry.origin === 'person' && isOwn(entry))
  const own = entries.filter((entry) => entry.origin === 'boundary' && isOwn(entry))
  return [
    canFile('person', `${isReadOnly ? 'read' : 'read and write'} ${wordsOfWorkspace(plan)}`),
    ...rules.map(wordsOfRule),
    ...plan.mounts.map(({ target, access }) =>
      canFile(
        'agent',
        access === 'write' ? `read and write ${target}, kept by Cloche` : `read ${target}`,
      ),
    ),
    ...own
      .filter(({ access }) => access === 'write')
      .map(({ path }) =>
        canFile('boundary', `read and write ${path}, the repository of this worktree`),
      ),
    canFile(
      'boundary',
      'image' in programs
        ? `read the programs of the image ${programs.image}`
        : `read the programs of this machine: ${programs.folders.join(', ')} and ${programs.etcFolders.length + programs.etcFiles.length} parts of /etc`,
    ),
    canFile('boundary', 'write /tmp and a home folder of its own, gone when the session ends'),
    ...readOnly(
      own.filter(({ access }) => access === 'read'),
      plan.workspace,
    ),
    ...own
      .filter(({ access }) => access === 'deny')
      .map(({ path }) =>
        cannotFile(
          'boundary',
          `connect to ${inWorkspace(path, plan.workspace)}, a socket of this machine`,
        ),
      ),
    ...gaps.map((gap) => canFile('boundary', gap)),
    cannotFile(
      'boundary',
      'see anything else: the rest of your home folder, other projects, other disks',
    ),
  ]
}

const wordsOfWorkspace = ({ workspace, isReview }: PlanInput): string =>
  isReview
    ? `a copy of ${workspace}: the folder itself is not let in, and changes only when you apply some`
    : workspace

/** One sentence for all that exists, and one for all that does not and cannot be made. */
function readOnly(entries: readonly FileEntry[], workspace: string): PolicySentence[] {
  const named = (isAbsent: boolean): string =>
    entries
      .filter(({ absent }) => (absent !== null) === isAbsent)
      .map(({ path }) => inWorkspace(path, workspace))
      .join(', ')
  return [
    ...(named(false) ? [cannotFile('boundary', `change ${named(false)}`)] : []),
    ...(named(true) ? [cannotFile('boundary', `make ${named(true)}`)] : []),
  ]
}

const inWorkspace = (path: string, workspace: string): string =>
  isWithin(path, workspace) ? relative(workspace, path) : path

function wordsOfRule({ path, access }: FileEntry): PolicySentence {
  switch (access) {
    case 'read':
      return canFile('person', `read ${path}, without changing it`)
    case 'mask':
      return cannotFile('person', `read ${path}: it looks empty`)
    case 'deny':
      return cannotFile('person', `open ${path}`)
    case 'write':
    case 'pin':
      return canFile('person', `read and write ${path}`)
  }
}

function networkSentences({ hosts, denied, otherHosts, trustFile }: PlanInput): PolicySentence[] {
  const can = sentence('can', 'network')
  const cannot = sentence('cannot', 'network')
  return [
    ...(otherHosts === 'closed' ? [] : hosts).map((host) => can('person', `reach ${host}`)),
    ...denied.map((host) => cannot('person', `reach ${host}, whatever else allows it`)),
    otherHosts === 'ask'
      ? can('person', 'ask for any other host: each waits until you decide')
      : cannot('person', otherHosts === 'closed' ? 'reach any host' : 'reach any other host'),
    ...(trustFile === null
      ? []
      : [cannot('person', 'hide its requests over TLS from rules that look into them')]),
    cannot(
      'boundary',
      'reach ports of this machine, its network, or a name server, past the gateway',
    ),
  ]
}

function credentialSentences({
  env,
  granted,
  signIn,
  mounts,
  standIns,
}: PlanInput): PolicySentence[] {
  const can = sentence('can', 'credentials')
  const names = Object.keys(env).filter((name) => !granted.includes(name))
  return [
    ...signIn.map((file) => can('person', `use a copy of your sign-in ~/${file}`)),
    ...granted
      .filter((name) => !standIns.some((standIn) => standIn.name === name))
      .map((name) => can('person', `read the variable ${name}`)),
    ...standIns.map(({ name, hosts }) =>
      can('person', `use the value of ${name} at ${hosts.join(', ')} without ever reading it`),
    ),
    ...(names.length > 0 ? [can('agent', `read the variables ${names.join(', ')}`)] : []),
    ...(mounts.some(({ access }) => access === 'write')
      ? [can('agent', 'keep its own sign-in and history between sessions')]
      : []),
    sentence('cannot', 'credentials')(
      'boundary',
      'use your environment, SSH or GPG agent, keyring, container engines, desktop or clipboard',
    ),
  ]
}

/** Values of these variables are blotted out in a command that is shown or recorded. */
export function shownCommand(
  program: string,
  args: readonly string[],
  hidden: ReadonlySet<string>,
): EffectivePolicy['command'] {
  return [
    program,
    ...args.map((arg, index) =>
      args[index - 2] === '--setenv' && hidden.has(args[index - 1] ?? '') ? '•••' : arg,
    ),
  ]
}
