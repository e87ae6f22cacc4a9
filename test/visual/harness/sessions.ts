import type { SessionId } from '../../../src/shared/domain/ids.ts'
import type { Axis, AxisReport, Evidence } from '../../../src/shared/domain/isolation.ts'
import { BASIC_SPEC, type Session, type SessionSpec } from '../../../src/shared/domain/session.ts'
import { POLICY } from './machine.ts'
import { minutesAgo } from './moments.ts'
import { LIMITS_IN_FORCE, LONG_POLICY } from './policies.ts'

export const sessionId = (n: number): SessionId =>
  `ses_${n.toString(16).padStart(8, '0')}` as SessionId

const EVIDENCE: Readonly<Record<Axis, Evidence[]>> = {
  files: [
    { attempt: 'Read ~/.ssh/id_ed25519', outcome: 'ENOENT', verdict: 'held' },
    { attempt: 'List the folder above the workspace', outcome: 'empty', verdict: 'held' },
    { attempt: 'Write to /usr/bin', outcome: 'EROFS', verdict: 'held' },
  ],
  network: [
    { attempt: 'Connect to 1.1.1.1:443', outcome: 'ENETUNREACH', verdict: 'held' },
    { attempt: 'Connect to this machine’s loopback', outcome: 'ECONNREFUSED', verdict: 'held' },
  ],
  processes: [
    { attempt: 'See the host’s processes', outcome: '3 of its own', verdict: 'held' },
    { attempt: 'Trace a process outside', outcome: 'ESRCH', verdict: 'held' },
  ],
  credentials: [
    { attempt: 'Read the environment of the host', outcome: 'absent', verdict: 'held' },
    { attempt: 'Reach the SSH agent', outcome: 'ENOENT', verdict: 'held' },
  ],
}

const axis = (name: Axis, detail: string, patch: Partial<AxisReport> = {}): AxisReport => ({
  axis: name,
  requested: 'enforced',
  proven: 'enforced',
  breadth: 'narrow',
  detail,
  evidence: EVIDENCE[name],
  provenAtMs: minutesAgo(12),
  ...patch,
})

export const ENFORCED: AxisReport[] = [
  axis('files', 'Workspace only'),
  axis('network', '3 hosts allowed', { breadth: 'wide' }),
  axis('processes', 'Its own only'),
  axis('credentials', 'None of yours'),
]

export const DRIFTED: AxisReport[] = [
  axis('files', 'Workspace only'),
  axis('network', 'Every host asks', {
    proven: 'open',
    evidence: [
      { attempt: 'Connect to 1.1.1.1:443', outcome: 'connected', verdict: 'open' },
      EVIDENCE.network[1]!,
    ],
    provenAtMs: minutesAgo(3),
  }),
  axis('processes', 'Its own only'),
  axis('credentials', 'None of yours', { proven: 'unknown', evidence: [] }),
]

const OPEN: AxisReport[] = (['files', 'network', 'processes', 'credentials'] as const).map((name) =>
  axis(name, '', { requested: 'open', proven: 'open', evidence: [], provenAtMs: null }),
)

const spec = (patch: Partial<SessionSpec>): SessionSpec => ({
  agent: 'claude-code',
  command: null,
  workspace: '/home/ada/src/lighthouse',
  level: 'os',
  title: null,
  network: 'ask',
  grants: [],
  useSignIn: false,
  ...BASIC_SPEC,
  acknowledgement: null,
  ...patch,
})

const session = (n: number, patch: Partial<Session>): Session => ({
  id: sessionId(n),
  spec: spec({}),
  asked: null,
  title: 'lighthouse',
  agentName: 'Claude Code',
  status: 'running',
  createdAtMs: minutesAgo(12),
  startedAtMs: minutesAgo(12) + 400,
  endedAtMs: null,
  exit: null,
  failure: null,
  axes: ENFORCED,
  limits: LIMITS_IN_FORCE,
  policy: POLICY,
  governed: null,
  networkNow: null,
  review: null,
  continues: null,
  pendingPrompts: 0,
  ...patch,
})

export const MAIN = sessionId(1)

export const SESSIONS: Session[] = [
  session(1, {
    title: 'Fix the login redirect',
    pendingPrompts: 2,
    spec: spec({ useSignIn: true }),
  }),
  session(2, {
    title: 'Upgrade dependencies of billing',
    agentName: 'Codex',
    axes: DRIFTED,
    policy: LONG_POLICY,
    createdAtMs: minutesAgo(47),
    startedAtMs: minutesAgo(47),
    spec: spec({ agent: 'codex', workspace: '/home/ada/src/ledger/services/billing' }),
  }),
  session(3, {
    title: 'npm run dev',
    agentName: 'Command',
    axes: OPEN,
    limits: [],
    policy: { sentences: [], command: [] },
    createdAtMs: minutesAgo(190),
    startedAtMs: minutesAgo(190),
    spec: spec({ agent: 'command', command: 'npm run dev', level: 'unconfined' }),
  }),
  session(4, {
    title: 'Write release notes',
    status: 'ended',
    exit: { kind: 'exited', code: 0 },
    createdAtMs: minutesAgo(300),
    startedAtMs: minutesAgo(300),
    endedAtMs: minutesAgo(282),
    spec: spec({ workspace: '/home/ada/notes' }),
  }),
  session(5, {
    title: 'Explain the flaky test',
    agentName: 'Codex',
    status: 'interrupted',
    exit: { kind: 'lost' },
    createdAtMs: minutesAgo(1500),
    startedAtMs: minutesAgo(1500),
    endedAtMs: minutesAgo(1471),
    spec: spec({ agent: 'codex' }),
  }),
  session(6, {
    title: 'tidepool',
    agentName: 'Login shell',
    status: 'failed',
    axes: [],
    limits: [],
    policy: null,
    createdAtMs: minutesAgo(1600),
    startedAtMs: null,
    endedAtMs: minutesAgo(1600),
    failure: {
      type: 'boundary_failed',
      part: 'the seccomp filter',
      detail: 'bwrap: prctl(PR_SET_SECCOMP): Invalid argument',
      remedy: 'Start with a newer bubblewrap (0.8 or later), then try again.',
    },
    spec: spec({ agent: 'shell', workspace: '/home/ada/src/tidepool' }),
  }),
  session(7, {
    title: 'Migrate to the new router, with a title that is much too long for the list',
    status: 'ended',
    exit: { kind: 'signalled', signal: 'SIGKILL' },
    createdAtMs: minutesAgo(2900),
    startedAtMs: minutesAgo(2900),
    endedAtMs: minutesAgo(2810),
  }),
]
