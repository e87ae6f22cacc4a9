import { FILE_FACTS } from './files.ts'
import type { ConnectionId, PromptId, RuleId, SessionId } from '../../../src/shared/domain/ids.ts'
import type {
  Destination,
  HostPreset,
  PermissionRequest,
  Requester,
  Rule,
} from '../../../src/shared/domain/policy.ts'
import {
  type ProcessNode,
  type ProcessRole,
  processKey,
} from '../../../src/shared/domain/process.ts'
import { type AxisReport, isDrift } from '../../../src/shared/domain/isolation.ts'
import type { Session } from '../../../src/shared/domain/session.ts'
import type { Fact, HttpExchange, TimelineEvent } from '../../../src/shared/domain/timeline.ts'
import { minutesAgo, NOW } from './moments.ts'
import { MAIN, sessionId } from './sessions.ts'

const hex = (n: number): string => n.toString(16).padStart(8, '0')
const connectionId = (n: number): ConnectionId => `con_${hex(n)}` as ConnectionId
const promptId = (n: number): PromptId => `prm_${hex(n)}` as PromptId

const PROGRAMS: readonly (readonly [
  pid: number,
  parent: number,
  argv: string,
  atMs: number,
  endMs: number | null,
  code: number,
])[] = [
  [4100, 0, '/usr/local/bin/claude', 400, null, 0],
  [4112, 4100, '/usr/bin/rg --json loginRedirect src', 21_000, 21_900, 0],
  [4120, 4100, '/bin/bash -c npm test -- --run auth', 64_000, 118_000, 1],
  [4121, 4120, 'npm test --run auth', 64_300, 117_800, 1],
  [
    4130,
    4121,
    'node /home/ada/src/lighthouse/node_modules/.bin/vitest run auth',
    65_000,
    117_500,
    1,
  ],
  [4131, 4130, 'node (vitest 1)', 66_000, 117_000, 0],
  [4132, 4130, 'node (vitest 2)', 66_100, 117_100, 0],
  [4140, 4100, '/bin/bash -c git diff --stat', 300_000, 300_400, 0],
  [4141, 4140, 'git diff --stat', 300_050, 300_350, 0],
  [4150, 4100, '/bin/bash -c npm install zod@4', 640_000, null, 0],
  [4151, 4150, 'npm install zod@4', 640_400, null, 0],
  [4160, 4100, '/bin/bash -c python3 -m pip download \u202egnp.exe \u001b[2Jok', 655_000, null, 0],
  [4161, 4160, 'python3 -m pip download', 655_300, null, 0],
]

function nodeOf(
  [pid, parent, command, atMs]: (typeof PROGRAMS)[number],
  startMs: number,
): ProcessNode {
  const argv = command.split(' ')
  return {
    key: processKey(pid, pid),
    pid,
    innerPid: pid - 4098,
    name: argv[0]!.split('/').at(-1)!,
    argv,
    exe: argv[0]!.startsWith('/') ? argv[0]! : `/usr/bin/${argv[0]}`,
    parent: parent === 0 ? null : processKey(parent, parent),
    cwd: '/home/ada/src/lighthouse',
    state: 'S',
    cpuPercent: 0,
    rssBytes: 8_000_000,
    startedAtMs: startMs + atMs,
    endedAtMs: null,
    exit: null,
    role: ROLES[pid] ?? 'tool',
  }
}

const ROLES: Readonly<Record<number, ProcessRole>> = {
  4100: 'agent',
  4120: 'shell',
  4140: 'shell',
  4150: 'shell',
  4160: 'shell',
}

const identity = (pid: number) => {
  const { key, name, argv, exe } = nodeOf(PROGRAMS.find((item) => item[0] === pid)!, 0)
  return { key, pid, name, argv, exe }
}
export const requester = (...pids: number[]): Requester => ({
  process: identity(pids[0]!),
  ancestors: pids.slice(1).map(identity),
})

const https = (host: string, port = 443): Destination => ({ host, port, protocol: 'connect' })

export const PROMPTS: PermissionRequest[] = [
  {
    id: promptId(1),
    sessionId: MAIN,
    raisedAtMs: NOW - 20_000,
    expiresAtMs: NOW + 100_000,
    destination: https('registry.example.org'),
    requester: requester(4151, 4150, 4100),
    connections: [1, 2, 3, 4, 5, 6, 7].map((n) => connectionId(40 + n)),
    wider: '*.example.org',
  },
  {
    id: promptId(2),
    sessionId: MAIN,
    raisedAtMs: NOW - 8000,
    expiresAtMs: NOW + 112_000,
    destination: {
      host: 'xn--pypi-5na.files.pythonhosted.example',
      port: 8443,
      protocol: 'socks5',
    },
    requester: requester(4161, 4160, 4100),
    connections: [connectionId(60)],
    wider: null,
  },
]

export const PRESETS: HostPreset[] = [
  {
    id: 'npm',
    title: 'npm packages',
    hosts: [{ host: 'registry.example.org', why: 'npm’s registry' }],
  },
  {
    id: 'github',
    title: 'GitHub',
    hosts: [
      { host: 'github.com', why: 'pages and Git over HTTPS' },
      { host: '*.githubusercontent.com', why: 'files and releases' },
    ],
  },
]

export const RULES: Rule[] = [
  {
    id: 'rul_00000001' as RuleId,
    action: 'allow',
    host: 'api.anthropic.com',
    port: null,
    scope: { kind: 'session', sessionId: MAIN },
    expiresAtMs: null,
    origin: 'agent-grant',
    createdAtMs: minutesAgo(12),
  },
  {
    id: 'rul_00000002' as RuleId,
    action: 'allow',
    host: '*.githubusercontent.com',
    port: 443,
    scope: { kind: 'workspace', workspace: '/home/ada/src/lighthouse' },
    expiresAtMs: null,
    origin: 'user',
    createdAtMs: minutesAgo(6000),
  },
  {
    id: 'rul_00000003' as RuleId,
    action: 'deny',
    host: 'telemetry.example.net',
    port: 443,
    scope: { kind: 'workspace', workspace: '/home/ada/src/lighthouse' },
    expiresAtMs: null,
    origin: 'prompt',
    createdAtMs: minutesAgo(9),
  },
  {
    id: 'rul_00000004' as RuleId,
    action: 'allow',
    host: 'proxy.golang.org',
    port: 443,
    scope: { kind: 'session', sessionId: sessionId(2) },
    expiresAtMs: null,
    origin: 'prompt',
    createdAtMs: minutesAgo(30),
  },
]

type Timed = readonly [atMs: number, fact: Fact]

function network(
  n: number,
  atMs: number,
  host: string,
  pids: number[],
  outcome: 'open' | 'closed' | 'refused' | 'failed',
): Timed[] {
  const id = connectionId(n)
  const allow = { action: 'allow', by: { kind: 'rule', ruleId: RULES[0]!.id } } as const
  const deny = { action: 'deny', by: { kind: 'rule', ruleId: RULES[2]!.id } } as const
  const asked: Timed = [
    atMs,
    {
      type: 'net/requested',
      connectionId: id,
      destination: https(host),
      requester: requester(...pids),
    },
  ]
  if (outcome === 'refused')
    return [asked, [atMs + 20, { type: 'net/decided', connectionId: id, decision: deny }]]
  const decided: Timed = [atMs + 20, { type: 'net/decided', connectionId: id, decision: allow }]
  if (outcome === 'failed')
    return [
      asked,
      decided,
      [atMs + 4000, { type: 'net/failed', connectionId: id, reason: 'the host did not answer' }],
    ]
  const opened: Timed = [
    atMs + 90,
    { type: 'net/opened', connectionId: id, address: '203.0.113.7' },
  ]
  const told = n === 7 ? looked(id, atMs) : []
  return outcome === 'open'
    ? [asked, decided, opened, ...told]
    : [
        asked,
        decided,
        opened,
        ...told,
        [
          atMs + 24_000,
          { type: 'net/closed', connectionId: id, bytesUp: 18_400 * n, bytesDown: 412_000 * n },
        ],
      ]
}

/** One connection whose requests could be read. */
function looked(id: ConnectionId, atMs: number): Timed[] {
  const exchange = (at: number, part: Partial<HttpExchange>): Timed => [
    atMs + at,
    {
      type: 'net/exchange',
      connectionId: id,
      exchange: {
        ...{ method: 'GET', path: '/v1/models', status: 200, refusal: null, standIns: [] },
        ...{ bytesUp: 0, bytesDown: 2048, durationMs: 120, omitted: 0 },
        ...part,
      },
    },
  ]
  return [
    [
      atMs + 100,
      {
        ...{ type: 'net/carried', connectionId: id, carries: 'tls' },
        ...{ name: 'api.anthropic.com', isInspected: true },
      },
    ],
    exchange(300, { standIns: ['API_KEY'] }),
    exchange(900, { method: 'POST', path: '/v1/messages', standIns: ['API_KEY'] }),
    exchange(1500, {
      ...{ method: 'DELETE', path: '/v1/files/all', status: 403 },
      refusal: 'Cloche refused api.anthropic.com:443: a rule denies it (rul_00000003).',
    }),
  ]
}

/** A whole session's events: the same life for every made-up session, scaled to its length. */
export function eventsOf(session: Session): TimelineEvent[] {
  if (session.status === 'failed')
    return number(session, [
      [0, { type: 'session/created', session: { ...session, status: 'starting', failure: null } }],
      [300, { type: 'session/failed', failure: session.failure! }],
    ])
  const startMs = session.createdAtMs
  const timed: Timed[] = [
    [
      0,
      {
        type: 'session/created',
        session: {
          ...session,
          status: 'starting',
          axes: [],
          limits: [],
          policy: null,
          endedAtMs: null,
          exit: null,
        },
      },
    ],
    ...(session.policy
      ? [[380, { type: 'isolation/planned', policy: session.policy }] satisfies Timed]
      : []),
    [385, { type: 'limits/reported', limits: session.limits }],
    [390, { type: 'isolation/reported', axes: before(session.axes) }],
    [400, { type: 'session/started', rootPid: 4100 }],
  ]
  if (session.axes.some(isDrift))
    timed.push(
      [520_000, { type: 'limits/reached', limit: 'processes', detail: 'New ones are refused.' }],
      [530_000, { type: 'limits/reached', limit: 'processes', detail: 'New ones are refused.' }],
      [600_000, { type: 'isolation/reported', axes: session.axes }],
    )
  for (const program of PROGRAMS) {
    const [pid, , , atMs, endMs, code] = program
    timed.push([atMs, { type: 'proc/started', node: nodeOf(program, startMs) }])
    if (endMs !== null)
      timed.push([
        endMs,
        { type: 'proc/ended', key: processKey(pid, pid), exit: { kind: 'exited', code } },
      ])
  }
  timed.push(...FILE_FACTS)
  timed.push(
    ...network(1, 1500, 'api.anthropic.com', [4100], 'closed'),
    ...network(2, 30_000, 'api.anthropic.com', [4100], 'closed'),
    ...network(3, 150_000, 'telemetry.example.net', [4100], 'refused'),
    ...network(4, 151_000, 'telemetry.example.net', [4100], 'refused'),
    ...network(5, 310_000, 'raw.githubusercontent.com', [4141, 4140, 4100], 'closed'),
    ...network(6, 420_000, 'docs.example.org', [4100], 'failed'),
    ...network(7, 600_000, 'api.anthropic.com', [4100], 'open'),
  )
  let total = 0
  for (let atMs = 800; atMs < 700_000; atMs += 1700) {
    if ((atMs > 170_000 && atMs < 290_000) || (atMs > 440_000 && atMs < 590_000)) continue
    const bytes = Math.round(40 + 9000 * Math.abs(Math.sin(atMs / 9000)) ** 6)
    total += bytes
    timed.push([atMs, { type: 'terminal/active', bytes, totalBytes: total }])
  }
  for (let atMs = 660_000; atMs <= 690_000; atMs += 1000) {
    const work = 60 + 30 * Math.sin(atMs / 4000)
    const samples = [4100, 4150, 4151, 4160, 4161].map((pid) => ({
      key: processKey(pid, pid),
      state: 'S',
      cpuPercent: pid === 4151 ? work : pid === 4100 ? 2.1 : 0.02,
      rssBytes: pid === 4100 ? 412_000_000 : 4_000_000 + (pid - 4100) * 900_000,
    }))
    timed.push([atMs, { type: 'proc/sampled', samples }])
  }
  const answered: PermissionRequest = {
    ...PROMPTS[0]!,
    id: promptId(9),
    raisedAtMs: startMs + 140_000,
    destination: https('telemetry.example.net'),
    connections: [connectionId(3)],
    wider: null,
  }
  timed.push(
    [140_000, { type: 'prompt/raised', request: answered }],
    [
      149_000,
      {
        type: 'prompt/answered',
        promptId: answered.id,
        decision: { action: 'deny', by: { kind: 'person', lifetime: 'workspace' } },
      },
    ],
  )
  if (session.id === MAIN)
    for (const request of PROMPTS)
      timed.push([request.raisedAtMs - startMs, { type: 'prompt/raised', request }])
  if (session.endedAtMs !== null)
    timed.push([720_000, { type: 'session/ended', exit: session.exit ?? { kind: 'lost' } }])
  return number(
    session,
    timed.sort((a, b) => a[0] - b[0]),
  )
}

/** As they stood when the session started: whatever drifted later had held. */
const before = (axes: readonly AxisReport[]): AxisReport[] =>
  axes.map((report) =>
    isDrift(report)
      ? { ...report, proven: 'enforced', evidence: [], provenAtMs: minutesAgo(46) }
      : report,
  )

const number = (session: Session, timed: readonly Timed[]): TimelineEvent[] =>
  timed.map(([monoMs, fact], seq) => ({ seq, monoMs, atMs: session.createdAtMs + monoMs, fact }))

/** Many hosts at once, as a hostile program would ask. */
export const flood = (id: SessionId, count: number): PermissionRequest[] =>
  Array.from({ length: count }, (_, n) => ({
    ...PROMPTS[0]!,
    id: promptId(1000 + n),
    sessionId: id,
    destination: https(`h${n}.exfil.example`),
    connections: [connectionId(1000 + n)],
    wider: null,
  }))
