import { constants } from 'node:fs/promises'
import type { Diagnosis, Remedy } from '../../../shared/domain/sandbox.ts'
import { exists } from '../exists.ts'
import { letsInside } from './engine-ways.ts'
import type { EngineFacts, EngineFound } from './engines.ts'

interface Parts {
  readonly initProgram: string
  readonly relayProgram: string
  readonly networkProgram: string
  readonly socketsProgram: string
}

const INSTALL: readonly Remedy[] = [
  { say: 'Debian, Ubuntu', command: 'sudo apt-get install docker.io' },
  {
    say: 'Fedora',
    command: 'sudo dnf install podman && systemctl --user enable --now podman.socket',
  },
]
const START: readonly Remedy[] = [
  { say: 'Docker', command: 'sudo systemctl start docker' },
  { say: 'Podman', command: 'systemctl --user start podman.socket' },
]
const JOIN: readonly Remedy[] = [
  {
    say: 'Members of the group docker may use the engine, which is as much as being root. Sign in anew afterwards.',
    command: 'sudo usermod --append --groups docker "$USER"',
  },
  { say: 'Podman, or Docker in rootless mode, needs no such right.', command: null },
]
const COMPILER: readonly Remedy[] = [
  { say: 'Debian, Ubuntu', command: 'sudo apt-get install gcc libc6-dev' },
  { say: 'Fedora', command: 'sudo dnf install gcc glibc-static' },
]

const base = { id: 'containers', title: 'Containers (Docker, Podman)', level: 'container' } as const

/** Every engine that was found, and whether sessions can be started in the first that answers. */
export async function diagnoseContainers(
  parts: Parts,
  engines: readonly EngineFound[],
): Promise<Diagnosis> {
  const facts =
    engines.length === 0
      ? [{ name: 'Engines', value: 'none found' }]
      : engines.map((engine) => ({ name: engine.socket, value: wordsOfEngine(engine) }))
  const make = (
    status: Diagnosis['status'],
    summary: string,
    remedies: readonly Remedy[],
  ): Diagnosis => ({ ...base, status, summary, facts, remedies: [...remedies] })

  if (process.platform !== 'linux')
    return make('unsupported', 'Sessions in containers need an engine on Linux itself, so far.', [])
  const engine = engines.find(({ state }) => state === 'answers')
  if (engine?.state === 'answers') {
    for (const program of [
      ...[parts.initProgram, parts.relayProgram],
      ...[parts.networkProgram, parts.socketsProgram],
    ])
      if (!(await exists(program, constants.X_OK)))
        return make(
          'missing',
          'Small programs of Cloche were not built: they take a C compiler.',
          COMPILER,
        )
    if (!engine.facts.hasSeccomp && engine.facts.name === 'Docker')
      return make('blocked', 'The engine filters no system calls: its seccomp support is off.', [])
    const { name, version, isRootless } = engine.facts
    return make(
      'usable',
      [
        `${name} ${version}${isRootless ? ', rootless' : ''}.`,
        'Sessions use this machine’s programs, or those of an image.',
        ...letsInside(engine.facts).map((text) => `With this engine, programs inside can ${text}.`),
        ...limitsOf(engine.facts),
        ...(engine.facts.hasGroups ? [] : ['What its containers take is not measured.']),
      ].join(' '),
      [],
    )
  }
  if (engines.some(({ state }) => state === 'refused'))
    return make('blocked', 'An engine is there, and this user may not open its socket.', JOIN)
  if (engines.some(({ state }) => state === 'silent'))
    return make('blocked', 'An engine’s socket is there, and nobody answers.', START)
  if (engines.some(({ state }) => state === 'remote'))
    return make('unsupported', 'The engine that is chosen is on another machine.', [])
  return make('missing', 'No container engine was found.', INSTALL)
}

const LIMIT_WORDS = { cpu: 'computing time', memory: 'memory', processes: 'processes' } as const

/** Which limits of a session it does not hold. */
function limitsOf({ holds }: EngineFacts): string[] {
  const left = (['cpu', 'memory', 'processes'] as const).filter((name) => !holds[name])
  if (left.length === 0) return []
  const words = left.map((name) => LIMIT_WORDS[name]).join(', ')
  return [`It holds no limit of ${words}: those of a session are held as in the OS sandbox.`]
}

export function wordsOfEngine(engine: EngineFound): string {
  switch (engine.state) {
    case 'answers': {
      const { name, version, isRootless, cgroupVersion, cgroupDriver, storageDriver } = engine.facts
      return [
        `${name} ${version}${isRootless ? ', rootless' : ''}`,
        `control groups ${cgroupVersion} by ${cgroupDriver}`,
        `storage ${storageDriver}`,
      ].join('; ')
    }
    case 'refused':
      return 'refuses this user'
    case 'silent':
      return `does not answer: ${engine.reason}`
    case 'remote':
      return 'is on another machine'
  }
}
