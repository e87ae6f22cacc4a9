import { PLAIN_PLAN } from '../../helpers/plan.ts'
import { describe, expect, test } from 'vitest'
import { HOSTS_LINE } from '../../../src/main/backends/bubblewrap-args.ts'
import type { KernelFacts } from '../../../src/main/backends/kernel-facts.ts'
import { type Findings, judge } from '../../../src/main/backends/probe-verdicts.ts'
import type { Axis, AxisState } from '../../../src/shared/domain/isolation.ts'

const namespaces = (tag: string) =>
  Object.fromEntries(
    ['user', 'pid', 'net', 'mnt', 'ipc', 'uts'].map((name) => [name, `${name}:[${tag}]`]),
  )

const writable = (...paths: string[]): KernelFacts['mounts'] =>
  paths.map((path) => ({ path, isWritable: true }))

const INSIDE: KernelFacts = {
  noNewPrivs: '1',
  seccomp: '2',
  capabilities: ['0000000000000000', '0000000000000000', '0000000000000000', '0000000000000000'],
  namespaces: namespaces('2'),
  interfaces: ['lo'],
  mounts: writable('/proc', '/dev', '/dev/pts', '/tmp', '/var/tmp', '/home/ada', '/home/ada/w'),
}

const REPORT = {
  readable: HOSTS_LINE,
  secret: 'head: cannot open: No such file or directory',
  system: 'refused',
  processes: '4',
  descriptors: '',
  variables: 'HOME PATH PWD _ ',
  home: 'w/',
  sockets: '',
  namespace: 'refused',
  loopback: 'refused',
  direct: 'refused',
  name: '',
  done: 'yes',
}

interface Changes {
  readonly report?: Partial<Record<keyof typeof REPORT, string | undefined>>
  readonly inside?: Partial<KernelFacts> | null
  readonly seen?: Partial<Findings['seen']>
  readonly direct?: Findings['direct']
}

function findings({
  report = {},
  inside = {},
  seen = {},
  direct = { arrived: 0 },
}: Changes = {}): Findings {
  const said = Object.entries({ ...REPORT, ...report }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return {
    plan: {
      ...PLAIN_PLAN,
      level: 'os',
      workspace: '/home/ada/w',
      home: '/home/ada',
      user: 'ada',
    },
    report: new Map(said),
    secret: 'c0ffee',
    seen: { wasWritten: false, connections: 0, ...seen },
    direct,
    inside: inside === null ? null : { ...INSIDE, ...inside },
    own: { ...INSIDE, namespaces: namespaces('1') },
    variables: ['HOME', 'PATH'],
    entries: [],
    misplaced: [],
    isFresh: true,
    atMs: 7,
  }
}

const proven = (changes: Changes): Record<Axis, AxisState> =>
  Object.fromEntries(judge(findings(changes)).map((axis) => [axis.axis, axis.proven])) as Record<
    Axis,
    AxisState
  >

const ENFORCED = {
  files: 'enforced',
  network: 'enforced',
  processes: 'enforced',
  credentials: 'enforced',
}

test('a sandbox in which all was refused is proven on every axis', () => {
  expect(proven({})).toEqual(ENFORCED)
})

/** One hole each; the axis it opens, and no other. */
const HOLES: readonly (readonly [string, Axis, Changes])[] = [
  ['the secret was read', 'files', { report: { secret: 'c0ffee' } }],
  ['a file appeared outside', 'files', { seen: { wasWritten: true } }],
  ['/usr was written', 'files', { report: { system: 'written' } }],
  ['the home holds more', 'files', { report: { home: 'w/.ssh/' } }],
  ['/etc is writable', 'files', { inside: { mounts: writable('/tmp', '/etc') } }],
  ['a neighbour is writable', 'files', { inside: { mounts: writable('/home/ada/w2') } }],
  ['a connection arrived', 'network', { seen: { connections: 1 } }],
  ['the probe connected', 'network', { report: { loopback: 'connected' } }],
  ['an address was reached', 'network', { report: { direct: 'connected' } }],
  [
    'no gateway, and yet it connected',
    'network',
    { report: { direct: 'connected' }, direct: { missing: 'no compiler' } },
  ],
  ['a name was resolved', 'network', { report: { name: '93.184.216.34 x' } }],
  ['another interface', 'network', { inside: { interfaces: ['lo', 'eth0'] } }],
  ['many processes', 'processes', { report: { processes: '200' } }],
  ['a namespace was made', 'processes', { report: { namespace: 'made' } }],
  ['new privileges', 'processes', { inside: { noNewPrivs: '0' } }],
  ['no filter', 'processes', { inside: { seccomp: '0' } }],
  ['a capability', 'processes', { inside: { capabilities: ['0000000000200000'] } }],
  ['a foreign variable', 'credentials', { report: { variables: 'HOME CLOCHE_CANARY' } }],
  ['an open descriptor', 'credentials', { report: { descriptors: ' 12' } }],
  ['a socket folder', 'credentials', { report: { sockets: ' /run' } }],
]

describe('the gateway’s own ways are no holes', () => {
  test('a direct connection that arrived at it, and a name that stands for itself', () => {
    expect(proven({ report: { direct: 'connected' }, direct: { arrived: 1 } })).toEqual(ENFORCED)
    expect(proven({ report: { name: '198.18.0.7 x.example.com' } })).toEqual(ENFORCED)
    expect(proven({ report: { name: '198.20.0.7 x.example.com' } })).toMatchObject({
      network: 'open',
    })
  })
})

test('where no direct connection is served, the evidence says so, with the reason', () => {
  const axes = judge(findings({ direct: { missing: 'Operation not supported' } }))
  const network = axes.find(({ axis }) => axis === 'network')
  expect(network?.proven).toBe('enforced')
  expect(network?.evidence).toContainEqual({
    attempt: 'Serve programs that know no proxy',
    outcome: 'they have no way out here: Operation not supported',
    verdict: 'held',
  })
})

describe('a hole opens its axis', () => {
  test.each(HOLES)('%s: %s', (_, axis, changes) => {
    expect(proven(changes)).toEqual({ ...ENFORCED, [axis]: 'open' })
  })

  test.each([
    ['mnt', 'files'],
    ['net', 'network'],
    ['pid', 'processes'],
    ['user', 'processes'],
    ['ipc', 'credentials'],
  ] as const)('a shared %s namespace: %s', (name, axis) => {
    const shared = { ...namespaces('2'), [name]: `${name}:[1]` }
    expect(proven({ inside: { namespaces: shared } })).toEqual({ ...ENFORCED, [axis]: 'open' })
  })
})

describe('what was not found out proves nothing', () => {
  test.each([
    ['reading did not work at all', 'files', { report: { readable: '' } }],
    ['the home was not listed', 'files', { report: { home: undefined } }],
    ['processes were not counted', 'processes', { report: { processes: undefined } }],
    ['no environment was read', 'credentials', { report: { variables: '' } }],
    ['descriptors were not listed', 'credentials', { report: { descriptors: undefined } }],
  ] as const)('%s: %s', (_, axis, changes) => {
    expect(proven(changes)).toEqual({ ...ENFORCED, [axis]: 'unknown' })
  })

  test('a process that is gone', () => {
    expect(proven({ inside: null })).toEqual({
      files: 'unknown',
      network: 'unknown',
      processes: 'unknown',
      credentials: 'unknown',
    })
  })

  test('an attempt for which no tool exists inside is left out', () => {
    const axes = judge(
      findings({
        report: { loopback: undefined, direct: undefined, namespace: undefined, name: undefined },
      }),
    )
    expect(axes.map((axis) => axis.proven)).toEqual(Array(4).fill('enforced'))
    expect(axes.map((axis) => axis.evidence.length)).toEqual([7, 2, 6, 4])
  })
})

test('granted hosts make the network wide, in words', () => {
  const base = findings()
  const [, network] = judge({ ...base, plan: { ...base.plan, hosts: ['example.org'] } })
  expect(network).toMatchObject({ breadth: 'wide', detail: 'Closed but for 1 granted host' })
})

test('in a machine what is planned is expected, and mounts are looked for around it', () => {
  const entry = (path: string, access: 'read' | 'write' | 'mask'): Findings['entries'][number] => ({
    ...{ path, kind: 'folder', access, origin: 'person', absent: null },
  })
  const entries = [
    ...[entry('/home/ada/more', 'write'), entry('/home/ada/w/.git', 'read')],
    entry('/home/ada/w/keys', 'mask'),
  ]
  const inside = { mounts: [...INSIDE.mounts, ...writable('/home/ada/more')] }
  const given = findings({ report: { home: 'w/more/' }, inside })
  const filesOf = (more: Partial<Findings>) =>
    judge({ ...given, ...more }).find(({ axis }) => axis === 'files')?.proven
  expect(filesOf({ entries, areHeldAround: true })).toBe('enforced')
  // Where this kernel should hold them, they are missing; without a plan, both are strangers.
  expect(filesOf({ entries })).toBe('open')
  expect(filesOf({ areHeldAround: true })).toBe('open')
})
