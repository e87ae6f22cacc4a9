import type { Posture } from '../../../src/shared/domain/posture.ts'
import type { EffectivePolicy } from '../../../src/shared/domain/effective-policy.ts'
import type { VariableList } from '../../../src/shared/domain/variables.ts'
import type { Folder, SystemInfo } from '../../../src/shared/contract/api.ts'
import type { AgentInfo } from '../../../src/shared/domain/agent.ts'
import type { Diagnosis } from '../../../src/shared/domain/sandbox.ts'

export const INFO: SystemInfo = {
  version: '0.1.0',
  platform: 'linux',
  home: '/home/ada',
  user: 'ada',
  recentWorkspaces: [
    '/home/ada/src/lighthouse',
    '/home/ada/src/ledger/services/billing',
    '/home/ada/notes',
  ],
  defaultLevel: 'os',
  mayUnconfine: true,
  defaultLimits: { cpuPercent: null, memoryBytes: 12 * 2 ** 30, processes: 4096, diskBytes: null },
  notices: [],
}

export const DIAGNOSES: Diagnosis[] = [
  {
    id: 'bubblewrap',
    title: 'bubblewrap',
    level: 'os',
    status: 'usable',
    summary: 'Sandboxes start in 9 ms with all six namespaces and a seccomp filter.',
    facts: [
      { name: 'Version', value: '0.8.0' },
      { name: 'Executable', value: '/usr/bin/bwrap' },
      { name: 'User namespaces', value: 'allowed' },
      { name: 'Kernel', value: '6.18.2' },
    ],
    remedies: [],
  },
  {
    id: 'container',
    title: 'Container engine',
    level: 'container',
    status: 'missing',
    summary: 'No container engine answers on this machine.',
    facts: [{ name: 'Tried', value: '/run/user/1000/podman/podman.sock, /var/run/docker.sock' }],
    remedies: [{ say: 'Install one and start it', command: 'sudo apt-get install podman' }],
  },
  {
    id: 'vm',
    title: 'VM',
    level: 'vm',
    status: 'unsupported',
    summary: 'The processor’s virtualisation is not available here.',
    facts: [{ name: '/dev/kvm', value: 'missing' }],
    remedies: [],
  },
  {
    id: 'egress',
    title: 'Egress gateway',
    level: null,
    status: 'usable',
    summary: 'Listeners can be handed over from inside a sandbox’s own network.',
    facts: [{ name: 'nsenter', value: '2.38.1' }],
    remedies: [],
  },
]

export const BLOCKED: Diagnosis[] = [
  {
    ...DIAGNOSES[0]!,
    status: 'blocked',
    summary: 'bubblewrap is installed, but this machine refuses user namespaces to ordinary users.',
    facts: [
      { name: 'Version', value: '0.8.0' },
      { name: 'Refused by', value: 'kernel.apparmor_restrict_unprivileged_userns = 1' },
      { name: 'Said', value: 'bwrap: setting up uid map: Permission denied' },
    ],
    remedies: [
      {
        say: 'Allow bubblewrap alone, with an AppArmor profile. This affects the whole machine.',
        command:
          'sudo install -m 644 resources/apparmor/bwrap /etc/apparmor.d/bwrap && sudo apparmor_parser -r /etc/apparmor.d/bwrap',
      },
    ],
  },
  ...DIAGNOSES.slice(1),
]

const agent = (patch: Partial<AgentInfo> & Pick<AgentInfo, 'id' | 'name'>): AgentInfo => ({
  executable: null,
  foundIn: null,
  version: null,
  install: null,
  hosts: [],
  signIn: [],
  canResume: false,
  ...patch,
})

export const AGENTS: AgentInfo[] = [
  agent({
    id: 'claude-code',
    name: 'Claude Code',
    executable: '/usr/local/bin/claude',
    foundIn: 'path',
    version: '2.1.4',
    hosts: [
      { host: 'api.anthropic.com', why: 'the model' },
      { host: 'claude.ai', why: 'signing in with a Claude account' },
      { host: 'platform.claude.com', why: 'signing in with a Console account' },
    ],
    signIn: ['~/.claude/.credentials.json'],
    canResume: true,
  }),
  agent({
    id: 'codex',
    name: 'Codex',
    executable: '/home/ada/src/lighthouse/node_modules/.bin/codex',
    foundIn: 'workspace',
    version: '0.88.0',
    hosts: [{ host: 'api.openai.com', why: 'the model, with an API key' }],
    canResume: true,
  }),
  agent({ id: 'gemini-cli', name: 'Gemini CLI', install: 'npm install -g @google/gemini-cli' }),
  agent({ id: 'opencode', name: 'OpenCode', install: 'npm install -g opencode-ai' }),
  agent({ id: 'shell', name: 'Login shell', executable: '/bin/bash', foundIn: 'builtin' }),
  agent({ id: 'command', name: 'Command', foundIn: 'builtin' }),
]

const TREE: Readonly<Record<string, readonly string[]>> = {
  '/home/ada': ['Documents', 'notes', 'src', '.config', '.ssh'],
  '/home/ada/notes': [],
  '/home/ada/src': ['ledger', 'lighthouse', 'tidepool'],
  '/home/ada/src/lighthouse': ['assets', 'node_modules', 'src', 'test', '.git'],
  '/home/ada/src/ledger': ['services'],
  '/home/ada/src/ledger/services': ['billing'],
  '/home/ada/src/ledger/services/billing': ['migrations', 'src'],
  '/home': ['ada'],
  '/': ['home'],
}

export function folderAt(path: string): Folder | null {
  const names = TREE[path]
  if (!names) return null
  const base = path === '/' ? '' : path
  return {
    path,
    parent: path === '/' ? null : base.slice(0, base.lastIndexOf('/')) || '/',
    folders: names.map((name) => ({ name, path: `${base}/${name}` })),
  }
}

export const POLICY: EffectivePolicy = {
  sentences: [
    {
      axis: 'files',
      kind: 'can',
      text: 'read and write /home/ada/src/lighthouse',
      origin: 'person',
    },
    { axis: 'files', kind: 'can', text: 'read /usr and parts of /etc', origin: 'boundary' },
    { axis: 'files', kind: 'cannot', text: 'see anything else of your home', origin: 'boundary' },
    { axis: 'network', kind: 'can', text: 'reach api.anthropic.com', origin: 'agent' },
    { axis: 'processes', kind: 'cannot', text: 'see or signal other programs', origin: 'boundary' },
    { axis: 'credentials', kind: 'cannot', text: 'use your SSH agent', origin: 'boundary' },
  ],
  command: ['/usr/bin/bwrap', '--unshare-user', '--ro-bind', '/usr', '/usr', '--', 'claude'],
}

export const VARIABLES: VariableList = {
  machine: ['GITHUB_TOKEN', 'EDITOR'],
  kept: [{ name: 'ANTHROPIC_API_KEY', place: 'keyring' }],
  storage: { place: 'keyring', detail: 'Encrypted with the keyring of your desktop.' },
}

/** The same machine where an engine runs. */
export const WITH_ENGINE: Diagnosis[] = DIAGNOSES.map((each) =>
  each.id === 'container'
    ? { ...each, status: 'usable', summary: 'Docker 28.1.1.', remedies: [] }
    : each.id === 'vm'
      ? { ...each, status: 'usable', summary: 'Its processor is emulated.', remedies: [] }
      : each,
)

const DEFAULT = (file: string, key: string): string => `its default: ${file} does not set ${key}`

export const POSTURES: Posture[] = [
  {
    ...{ agent: 'claude-code', name: 'Claude Code', version: '2.1.197', held: 'none' },
    sandbox: { value: 'None', from: DEFAULT('~/.claude/settings.json', 'sandbox.enabled') },
    holds: {
      value: 'Nothing: prompts and rules in the agent itself',
      from: DEFAULT('~/.claude/settings.json', 'sandbox.enabled'),
    },
    outside: {
      value: 'Every file, host and program that you reach',
      from: DEFAULT('~/.claude/settings.json', 'sandbox.enabled'),
    },
  },
  {
    ...{ agent: 'codex', name: 'Codex', version: '0.169.0', held: 'part' },
    sandbox: { value: 'workspace-write', from: '~/.codex/config.toml: sandbox_mode' },
    holds: { value: 'Commands of the model. Not MCP servers and hooks', from: 'its documentation' },
    outside: {
      value: 'Files are read; no host is reached',
      from: DEFAULT('~/.codex/config.toml', 'sandbox_workspace_write.network_access'),
    },
  },
]
