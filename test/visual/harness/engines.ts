import type { Api } from '../../../src/shared/contract/api.ts'
import type { HandlersOf, StreamSource } from '../../../src/shared/contract/define.ts'
import type { DevContainer } from '../../../src/shared/domain/dev-container.ts'
import type {
  ContainerList,
  ContainerUsage,
  EngineEntry,
  EngineImage,
  JobFrame,
  OwnContainer,
  Removable,
} from '../../../src/shared/domain/engine.ts'
import type { ImageJobId } from '../../../src/shared/domain/ids.ts'
import type { SessionSpec } from '../../../src/shared/domain/session.ts'
import { err, ok } from '../../../src/shared/result.ts'
import { createBroadcast } from '../../../src/main/core/broadcast.ts'
import { minutesAgo } from './moments.ts'
import { sessionId } from './sessions.ts'

const MEBIBYTE = 1024 * 1024

const ENGINES: EngineEntry[] = [
  {
    socket: '/var/run/docker.sock',
    state: 'answers',
    words: 'Docker 28.1.1; control groups 2 by systemd; storage overlay2',
    isUsed: true,
  },
  {
    socket: '/run/user/1000/podman/podman.sock',
    state: 'answers',
    words: 'Podman 5.4.0, rootless; control groups 2 by systemd; storage overlay',
    isUsed: false,
  },
  {
    socket: '/run/podman/podman.sock',
    state: 'refused',
    words: 'refuses this user',
    isUsed: false,
  },
]

const container = (
  n: number,
  kind: OwnContainer['kind'],
  changes: Partial<OwnContainer> = {},
): OwnContainer => ({
  id: n.toString(16).padStart(64, '0'),
  name: `cloche-${1000 + n}-a1b2c3`,
  kind,
  sessionId: kind === 'session' ? sessionId(n) : null,
  image: 'cloche-machine-1f2e3d4c5b6a',
  state: 'running',
  createdAtMs: minutesAgo(12 * n),
  isLeft: false,
  ...changes,
})

const CONTAINERS: OwnContainer[] = [
  container(1, 'session'),
  container(2, 'session', { image: 'cloche-agents:latest', state: 'paused' }),
  container(3, 'network'),
  container(9, 'session', { state: 'exited', isLeft: true, sessionId: null }),
]

const IMAGES: EngineImage[] = [
  ['cloche-agents:latest', 1480],
  ['node:22-bookworm-slim', 228],
  ['registry.example.org/team/build-tools:2026-11', 3120],
].map(([name, mebibytes], index) => ({
  name: String(name),
  sizeBytes: Number(mebibytes) * MEBIBYTE,
  createdAtMs: minutesAgo(600 * (index + 1)),
}))

const REMOVABLE: Removable[] = [
  {
    kind: 'container',
    id: CONTAINERS[3]!.id,
    name: CONTAINERS[3]!.name,
    sizeBytes: 18 * MEBIBYTE,
    usedAtMs: null,
    why: 'The host that made it is gone.',
  },
  {
    kind: 'image',
    id: 'sha256:77',
    name: 'cloche-machine-0000aaaa1111',
    sizeBytes: 12_000,
    usedAtMs: null,
    why: 'It is made again when a session needs it.',
  },
  {
    kind: 'disk',
    id: 'disk:8888',
    name: 'node:22-bookworm-slim',
    sizeBytes: 94 * MEBIBYTE,
    usedAtMs: minutesAgo(3000),
    why: 'It is made again when a machine needs it.',
  },
]

const JOBS: JobFrame[] = [
  {
    job: {
      ...{ id: 'job_00000001' as ImageJobId, request: { kind: 'agents' }, state: 'running' },
      ...{ name: 'cloche-agents:latest', detail: null, percent: null },
      ...{ startedAtMs: minutesAgo(1), endedAtMs: null },
    },
    lines: [
      'Step 1/4 : ARG BASE=node:22-bookworm-slim',
      'Step 2/4 : FROM ${BASE}',
      ' ---> 3f9f7ce3a1b2',
      'Step 3/4 : RUN apt-get update',
      'Get:1 bookworm InRelease [151 kB]',
      'Get:2 bookworm/main amd64 Packages [8787 kB]',
    ],
  },
  {
    job: {
      ...{ id: 'job_00000002' as ImageJobId, state: 'failed', name: 'team/base:1' },
      request: { kind: 'pull', name: 'team/base:1' },
      detail: 'pull access denied for team/base, repository does not exist',
      ...{ percent: null, startedAtMs: minutesAgo(9), endedAtMs: minutesAgo(9) },
    },
    lines: ['Not signed in anywhere'],
  },
]

const DEV_CONTAINERS: DevContainer[] = [
  {
    path: '.devcontainer/devcontainer.json',
    hash: 'ab'.repeat(32),
    name: 'Lighthouse',
    problem: null,
    image: 'cloche-dev-0123456789ab:abababababab',
    setUpImage: 'cloche-dev-0123456789ab:abababababab-set-up',
    made: 'built',
    risks: [
      {
        asks: 'mounts: the engine’s socket, which is as much as being root (source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind)',
        answer: 'Not granted: the boundary stays as it is.',
      },
      { asks: 'runArgs: --network=host', answer: 'Not granted: the boundary stays as it is.' },
    ],
    commands: [
      { name: 'postCreateCommand', text: 'npm ci' },
      { name: 'postStartCommand', text: 'web: npm run dev\ntypes: npx tsc --watch' },
    ],
    initialize: 'cp .env.example .env',
    features: ['ghcr.io/devcontainers/features/node:1'],
    notStarted: [],
    ports: [5173],
    sets: ['NODE_ENV'],
    wants: ['NPM_TOKEN'],
    ignored: ['The user vscode: programs run as you, so that files stay yours.'],
  },
  {
    path: '.devcontainer/services/devcontainer.json',
    hash: 'cd'.repeat(32),
    name: 'services',
    problem: 'Its Compose files have no service app.',
    image: null,
    setUpImage: null,
    made: 'pulled',
    ...{ risks: [], commands: [], initialize: null, features: [], ports: [], sets: [], wants: [] },
    ...{ notStarted: [], ignored: [] },
  },
]

DEV_CONTAINERS.push({
  ...DEV_CONTAINERS[0]!,
  ...{ path: '.devcontainer/web/devcontainer.json', hash: 'ef'.repeat(32), name: 'web' },
  ...{ image: 'node:22-bookworm-slim', setUpImage: 'cloche-dev-ba9876543210:efefefefefef-set-up' },
  ...{ made: 'pulled', risks: [], initialize: null, features: [] },
  notStarted: [{ name: 'db', from: 'postgres:17' }],
})

/** A few minutes of a container that works. */
const usage: StreamSource<null, ContainerUsage> = (push) => {
  push({ type: 'snapshot', seq: 0, state: null })
  for (let seq = 1; seq <= 60; seq++)
    push({
      ...{ type: 'delta', seq },
      change: {
        atMs: Date.now() - (60 - seq) * 1000,
        cpuPercent: 60 + 50 * Math.sin(seq / 6),
        memoryBytes: (400 + seq * 3) * MEBIBYTE,
        readBytes: seq * 4 * MEBIBYTE,
        writtenBytes: seq * MEBIBYTE,
        processes: 14,
      },
    })
  return () => undefined
}

/** An engine with a few containers, where the scenario has sessions at all. */
export function fakeEngines(
  scenario: string,
  seen: string[],
): {
  readonly handlers: Pick<HandlersOf<Api>, 'engine' | 'image' | 'devContainer'>
  /** Whether an image becomes a disk first, which goes on for ever. */
  makesDisk(spec: SessionSpec): boolean
} {
  const isBare = scenario === 'first-run' || scenario === 'blocked'
  let used = ENGINES[0]!.socket
  let containers: ContainerList = { containers: isBare ? null : CONTAINERS }
  const list = createBroadcast<ContainerList, ContainerList>(() => containers)
  const jobs = createBroadcast<JobFrame[], JobFrame>(() => (isBare ? [] : JOBS))
  return {
    makesDisk: ({ level, image }) => {
      if (level !== 'vm' || image === null || image !== IMAGES[2]?.name) return false
      const job = { ...JOBS[0]!.job, id: 'job_00000008' as ImageJobId, name: image, percent: 43 }
      jobs.tell({ job: { ...job, request: { kind: 'disk', name: image } }, lines: [] })
      return true
    },
    handlers: {
      engine: {
        list: () =>
          Promise.resolve(
            isBare ? [] : ENGINES.map((each) => ({ ...each, isUsed: each.socket === used })),
          ),
        choose: ({ socket }) => {
          seen.push(`engine ${socket}`)
          used = socket ?? used
          return Promise.resolve(ok(null))
        },
        containers: () => list.watch,
        usage: () => usage,
        inspect: ({ id }) =>
          Promise.resolve(ok(JSON.stringify({ Id: id, State: { Status: 'running' } }, null, 2))),
        removable: () => Promise.resolve(ok(REMOVABLE)),
        remove: ({ ids }) => {
          seen.push(`remove ${ids.length}`)
          containers = { containers: CONTAINERS.slice(0, 3) }
          list.tell(containers)
          return Promise.resolve(ok(18 * MEBIBYTE))
        },
        copy: (request) => {
          seen.push(`copy ${JSON.stringify(request)}`)
          const job = {
            ...JOBS[0]!.job,
            id: 'job_00000008' as ImageJobId,
            request,
            name: request.from,
          }
          jobs.tell({ job, lines: ['64 MiB so far'] })
          return Promise.resolve(ok(job))
        },
      },
      devContainer: { list: () => Promise.resolve(isBare ? [] : DEV_CONTAINERS) },
      image: {
        list: () => Promise.resolve(isBare ? [] : IMAGES),
        make: (request) => {
          seen.push(`image ${JSON.stringify(request)}`)
          const job = { ...JOBS[0]!.job, id: 'job_00000009' as ImageJobId, request }
          jobs.tell({ job, lines: [] })
          return Promise.resolve(ok(job))
        },
        cancel: ({ id }) => {
          seen.push(`cancel ${id}`)
          return Promise.resolve(id === JOBS[0]!.job.id ? ok(null) : err({ type: 'not_running' }))
        },
        jobs: () => jobs.watch,
      },
    },
  }
}
