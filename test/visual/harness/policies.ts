import type {
  EffectivePolicy,
  PolicySentence,
} from '../../../src/shared/domain/effective-policy.ts'
import type { LimitReport } from '../../../src/shared/domain/limits.ts'
import type { SessionSpec, StartFailure } from '../../../src/shared/domain/session.ts'
import { BLOCKED, POLICY } from './machine.ts'

export const LIMITS_IN_FORCE: LimitReport[] = [
  { limit: 'cpu', value: null, means: [], detail: '' },
  {
    limit: 'memory',
    value: 12 * 2 ** 30,
    means: ['cgroup2'],
    detail: 'A scope of its own under user@1000.service, delegated by systemd.',
  },
  {
    limit: 'processes',
    value: 4096,
    means: ['rlimit-each', 'watched'],
    detail: 'The pids controller is not delegated to this user, so Cloche counts and stops.',
  },
  {
    limit: 'disk',
    value: 20 * 2 ** 30,
    means: [],
    detail: 'Neither a quota nor an io controller can be used on this file system.',
  },
]

const HOSTILE = '/home/ada/src/\u202egnp.exe \u001b[2J/\u0301\u0301\u0301\u0301'

const WORDS = { read: 'read', write: 'read and write', mask: 'see inside', deny: 'open' } as const

const sentenceOf = ({ path, access }: SessionSpec['files'][number]): PolicySentence => ({
  axis: 'files',
  kind: access === 'mask' || access === 'deny' ? 'cannot' : 'can',
  text: `${WORDS[access]} ${path}`,
  origin: 'person',
})

/** What a backend would say of a spec: its words and its command grow with the rules. */
export const policyOf = ({ files, maskSecrets }: SessionSpec): EffectivePolicy => ({
  sentences: [
    ...POLICY.sentences,
    ...files.map(sentenceOf),
    ...(maskSecrets
      ? [{ axis: 'files', kind: 'cannot', text: 'see inside .env', origin: 'person' } as const]
      : []),
  ],
  command: [
    ...POLICY.command.slice(0, -2),
    ...files.flatMap(({ path, access }) =>
      access === 'write' ? ['--bind', path, path] : ['--ro-bind', path, path],
    ),
    ...POLICY.command.slice(-2),
  ],
})

/** Three hundred arguments, and names that want to be something else. */
export const LONG_POLICY: EffectivePolicy = {
  sentences: [
    ...POLICY.sentences,
    { axis: 'files', kind: 'can', text: `read ${HOSTILE}`, origin: 'person' },
    {
      axis: 'files',
      kind: 'cannot',
      text: `write ${'deeply-nested-folder/'.repeat(12)}.git/hooks`,
      origin: 'boundary',
    },
    ...Array.from(
      { length: 40 },
      (_, n): PolicySentence => ({
        axis: 'files',
        kind: 'cannot',
        text: `write packages/part-${n}/.git/config`,
        origin: 'boundary',
      }),
    ),
  ],
  command: [
    '/usr/bin/bwrap',
    '--unshare-user',
    '--die-with-parent',
    '--new-session',
    ...Array.from({ length: 96 }, (_, n) => [
      '--ro-bind',
      `/home/ada/src/ledger/packages/part-${n}/.git/config`,
      `/home/ada/src/ledger/packages/part-${n}/.git/config`,
    ]).flat(),
    '--ro-bind',
    HOSTILE,
    HOSTILE,
    '--setenv',
    'PS1',
    "it's $HOME",
    '--',
    'codex',
    '--sandbox',
  ],
}

export const REFUSED_WORKSPACE = '/home/ada/src/tidepool'
/** Why a session in that folder does not start. */
export const refusalOf = ({ level }: SessionSpec): StartFailure => ({
  type: 'backend_unavailable',
  level,
  diagnosis: BLOCKED[0]!,
})
