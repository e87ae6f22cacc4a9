import type { Api } from '../../../src/shared/contract/api.ts'
import type { HandlersOf } from '../../../src/shared/contract/define.ts'
import {
  type ProcessKey,
  type ProcessNode,
  processKey,
} from '../../../src/shared/domain/process.ts'
import type { Orphans, ProcessInspection } from '../../../src/shared/domain/process-details.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { err, ok } from '../../../src/shared/result.ts'
import { MAIN, sessionId } from './sessions.ts'

const INSPECTION: ProcessInspection = {
  argv: ['npm', 'install', 'zod@4'],
  cwd: '/home/ada/src/lighthouse',
  executable: { path: '/usr/bin/npm', origin: 'system', copyOf: null },
  environmentNames: ['HOME', 'HTTPS_PROXY', 'LANG', 'PATH', 'TERM'],
  uid: 1000,
  threads: 11,
  state: 'S',
  cpuMs: 4200,
  rssBytes: 61_000_000,
  io: { readBytes: 18_300_000, writtenBytes: 2_400_000 },
  connections: [
    { protocol: 'tcp', local: '127.0.0.1:41822', remote: '127.0.0.1:3128', state: 'established' },
  ],
  writing: ['/home/ada/src/lighthouse/node_modules/.package-lock.json'],
  isOpen: true,
  isCut: false,
}

const ORPHANS: Orphans[] = [
  {
    session: sessionId(5),
    processes: [
      {
        key: processKey(9120, 9120),
        pid: 9120,
        name: 'node',
        argv: ['node', 'server.js', '--port', '5173'],
        startedAtMs: Date.now() - 3_600_000,
      },
    ],
  },
]

export interface FakeProcesses {
  readonly handlers: HandlersOf<Api>['process']
  /**
   * `standing` processes that stay, then `perSecond` that start and end, until the returned
   * function is called.
   */
  storm(standing: number, perSecond: number): () => void
}

/** Processes that do what they are told; what reached them is in `seen`. */
export function createFakeProcesses(
  report: (id: string, facts: readonly Fact[]) => void,
  seen: string[],
  hasOrphans: boolean,
): FakeProcesses {
  let orphans = hasOrphans ? ORPHANS : []
  const viewers = new Set<(list: Orphans[]) => void>()

  const handlers: HandlersOf<Api>['process'] = {
    details: ({ key }) =>
      Promise.resolve(
        key === processKey(4151, 4151)
          ? { type: 'found' as const, inspection: INSPECTION }
          : { type: 'gone' as const },
      ),
    control: ({ scope, action }) => {
      const whom = 'key' in scope ? ` ${scope.key}` : ''
      seen.push(`${action} ${scope.kind}${whom}`)
      if (!('key' in scope)) {
        if (scope.kind === 'session')
          report(scope.session, [
            {
              type: 'proc/controlled',
              action,
              scope: 'session',
              key: null,
              affected: 5,
              remained: 0,
            },
          ])
        return Promise.resolve(ok({ affected: 5, remained: 0 }))
      }
      if (scope.key === processKey(4160, 4160))
        return Promise.resolve(err({ type: 'process_gone' as const }))
      const isHeld = action === 'freeze'
      const sample = { key: scope.key, state: isHeld ? 'T' : 'S', cpuPercent: 0, rssBytes: 1000 }
      report(
        scope.session,
        action === 'freeze' || action === 'thaw'
          ? [{ type: 'proc/sampled', samples: [sample] }]
          : [
              {
                type: 'proc/ended',
                key: scope.key,
                exit: { kind: 'signalled', signal: 'SIGTERM' },
              },
            ],
      )
      return Promise.resolve(ok({ affected: 2, remained: action === 'kill' ? 1 : 0 }))
    },
    orphans: () => (push) => {
      push({ type: 'snapshot', seq: 0, state: orphans })
      let seq = 0
      const tell = (list: Orphans[]): void => push({ type: 'delta', seq: ++seq, change: list })
      viewers.add(tell)
      return () => viewers.delete(tell)
    },
    endOrphans: ({ session }) => {
      seen.push(`end orphans of ${session}`)
      orphans = []
      for (const tell of viewers) tell(orphans)
      return Promise.resolve(ok({ affected: 1, remained: 0 }))
    },
  }

  let nextPid = 100_000
  const node = (parent: ProcessKey | null): ProcessNode => {
    const pid = nextPid++
    return {
      ...{ key: processKey(pid, pid), pid, innerPid: pid, name: 'true', argv: ['true'] },
      ...{ exe: '/usr/bin/true', parent, cwd: '/', state: 'S', cpuPercent: 0, rssBytes: 1_000_000 },
      ...{ startedAtMs: Date.now(), endedAtMs: null, exit: null },
    }
  }
  const storm: FakeProcesses['storm'] = (standing, perSecond) => {
    const root = processKey(4100, 4100)
    const stay = Array.from({ length: standing }, () => node(root))
    report(
      MAIN,
      stay.map((one) => ({ type: 'proc/started', node: one })),
    )
    const EVERY_MS = 50
    const turn = (): void => {
      const short = Array.from({ length: (perSecond * EVERY_MS) / 1000 }, () => node(root))
      report(MAIN, [
        ...short.map((one) => ({ type: 'proc/started', node: one }) satisfies Fact),
        ...short.map(
          ({ key }) =>
            ({ type: 'proc/ended', key, exit: { kind: 'exited', code: 0 } }) satisfies Fact,
        ),
      ])
    }
    const timer = setInterval(turn, EVERY_MS)
    return () => clearInterval(timer)
  }
  return { handlers, storm }
}
