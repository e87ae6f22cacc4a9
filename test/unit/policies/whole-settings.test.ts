import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse as parseJsonc } from 'jsonc-parser'
import { parse as parseToml } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { exportPolicy } from '../../../src/main/policies/formats/formats.ts'
import type { PolicyFile } from '../../../src/shared/domain/policy-file.ts'
import { type ReadFormat, WriteFormat } from '../../../src/shared/domain/policy-formats.ts'
import { take } from '../../helpers/imported-policy.ts'

/** Whole files, with the keys that each tool's documentation shows. */
const FOLDER = join(import.meta.dirname, '../../fixtures/settings')
const textOf = (name: string): string => readFileSync(join(FOLDER, name), 'utf8')

const read = (path: string) => ({ path, access: 'read' as const })
const write = (path: string) => ({ path, access: 'write' as const })
const deny = (path: string) => ({ path, access: 'deny' as const })

const FILES: readonly [name: string, format: ReadFormat, policy: PolicyFile][] = [
  [
    'claude.json',
    'claude',
    {
      network: 'listed',
      allow: ['github.com', '*.npmjs.org', 'registry.example'],
      deny: ['paste.example', 'uploads.registry.example'],
      files: [
        ...[read('~/.zshrc'), deny('.env'), deny('.env.*'), deny('secrets/**'), read('infra/**')],
        ...[write('../docs/'), write('/var/cache/build'), write('~/.cache/tool'), read('infra')],
        ...[deny('~/.aws/credentials'), read('~/.config/tool')],
        { path: '~/.netrc', access: 'mask' },
      ],
    },
  ],
  [
    'srt.json',
    'srt',
    {
      network: 'listed',
      // Of one host with a port that is refused, every port is.
      allow: ['*.github.com', 'npmjs.org', '*.npmjs.org'],
      deny: ['gist.github.com', 'github.com'],
      files: [
        ...[write('.'), write('src/'), write('/tmp')],
        ...[read('.env'), read('config/production.json'), deny('~/.ssh')],
      ],
    },
  ],
  ['codex-classic.toml', 'codex', { network: 'ask', files: [write('/srv/cache/pip')] }],
  [
    'codex-profile.toml',
    'codex',
    {
      ...{ network: 'listed', allow: ['*.github.com'], deny: ['exfil.example'] },
      files: [
        ...[write('~/code/shared'), read('~/.config/tool'), deny('~/.ssh'), write('.')],
        deny('**/*.env'),
      ],
    },
  ],
  ['gemini.toml', 'gemini', { files: [read('.')] }],
  [
    'opencode.json',
    'opencode',
    {
      network: 'listed',
      files: [deny('**/*.env'), read('.'), write('~/projects/personal'), write('~/notes')],
    },
  ],
  ['opensnitch.json', 'opensnitch', { deny: ['203.0.113.0/24'] }],
  [
    'little-snitch.json',
    'lsrules',
    {
      deny: [
        ...['ads.example', '*.ads.example', 'beacon.metrics.example', '198.51.100.7'],
        ...['telemetry.example', '*.telemetry.example'],
      ],
    },
  ],
  [
    'devcontainer.json',
    'devcontainer',
    {
      ...{ level: 'container', image: 'mcr.microsoft.com/devcontainers/typescript-node:22' },
      ...{ files: [read('~/.config/tool')], variables: ['API_TOKEN'] },
    },
  ],
]

describe.each(FILES)('%s', (name, format, policy) => {
  const imported = take(textOf(name))

  test('becomes the policy that says the same', () => {
    expect([imported.format, imported.policy]).toEqual([format, policy])
  })

  test('has a word said on every key', () => {
    const { exact, approximate, dropped } = imported.report
    const said = [...exact, ...approximate, ...dropped].map(({ key }) => key)
    const value: unknown = name.endsWith('.toml')
      ? parseToml(textOf(name))
      : parseJsonc(textOf(name), [], { allowTrailingComma: true })
    const keys = Object.keys(value as object).filter((key) => !UNSAID[format]?.includes(key))
    for (const key of keys)
      expect(said.some((one) => one.includes(NAMED[format]?.[key] ?? key))).toBe(true)
    for (const { why } of [...approximate, ...dropped]) expect(why).not.toBe('')
  })

  test.each(WriteFormat.options)('written for %s and read again it never widens', (target) => {
    const { text, report } = exportPolicy(imported.policy, target)
    const again = linesOf(take(text, target).policy)
    const exact = report.exact.map(({ key }) => key).filter((key) => !WITHOUT.includes(key))
    expect(again).toEqual(expect.arrayContaining(exact))
    const before = linesOf(imported.policy).map((line) => line.replace(/\/ (?=write$)/, ' '))
    const widens = /^allow: | write$/
    expect(
      again
        .map((line) => line.replace(/\/ (?=write$)/, ' '))
        .filter((line) => widens.test(line) && !before.includes(line)),
    ).toEqual([])
  })
})

/** Holds without a policy, so it is not read as one. */
const WITHOUT = ['network: ask', 'files: . write']

/** Where the report has another name for it. */
const NAMED: Partial<Record<ReadFormat, Readonly<Record<string, string>>>> = {
  gemini: { rule: 'rule ' },
  lsrules: { rules: 'rules ' },
  opensnitch: { operator: 'rule ' },
}

/** What only describes the file. */
const UNSAID: Partial<Record<ReadFormat, readonly string[]>> = {
  ...{ claude: ['$schema'], opencode: ['$schema'], codex: ['default_permissions', 'sandbox_mode'] },
  lsrules: ['name', 'description', 'denied-remote-notes'],
  opensnitch: [
    ...['created', 'updated', 'name', 'enabled', 'precedence', 'nolog', 'action', 'duration'],
  ],
}

const linesOf = ({ network, allow = [], deny: denied = [], files = [] }: PolicyFile): string[] => [
  ...(network === undefined ? [] : [`network: ${network}`]),
  ...allow.map((host) => `allow: ${host}`),
  ...denied.map((host) => `deny: ${host}`),
  ...files.map(({ path, access }) => `files: ${path} ${access}`),
]
