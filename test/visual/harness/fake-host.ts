import type { InsidePort } from '../../../src/shared/domain/forward.ts'
import {
  type Api,
  api,
  type PromptChange,
  type SessionChange,
} from '../../../src/shared/contract/api.ts'
import type { HandlersOf } from '../../../src/shared/contract/define.ts'
import type { PermissionRequest, Rule } from '../../../src/shared/domain/policy.ts'
import type { Session } from '../../../src/shared/domain/session.ts'
import { withChanges } from '../../../src/shared/domain/spec-changes.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { err, ok } from '../../../src/shared/result.ts'
import { PROTOCOL_VERSION } from '../../../src/shared/rpc/frames.ts'
import { serve } from '../../../src/shared/rpc/server.ts'
import { memoryTransportPair, type Transport } from '../../../src/shared/rpc/transport.ts'
import { createBroadcast } from '../../../src/main/core/broadcast.ts'
import { auditOf } from './audit.ts'
import { fakeEngines } from './engines.ts'
import { changedBy } from './changes.ts'
import type { FakeHost, ProbeEnd, Scenario } from './scenario.ts'
import { fakePolicy } from './folder-policy.ts'
import { contentOf, fakeManifest } from './files.ts'
import { eventsOf, flood, PRESETS, PROMPTS, RULES } from './events.ts'
import {
  AGENTS,
  BLOCKED,
  DIAGNOSES,
  folderAt,
  INFO,
  POSTURES,
  VARIABLES,
  WITH_ENGINE,
} from './machine.ts'
import { LIMITS_IN_FORCE, policyOf, REFUSED_WORKSPACE, refusalOf } from './policies.ts'
import { createFakeProcesses } from './processes.ts'
import { fakeQuestions } from './questions.ts'
import { fakeReview, isUnreviewed } from './review.ts'
import { terminalIndex, terminalLog } from './screens.ts'
import { fakeScreen, fakeTerminals } from './terminals.ts'
import { DRIFTED, ENFORCED, MAIN, SESSIONS, sessionId } from './sessions.ts'

export function createFakeHost(scenario: Scenario): FakeHost {
  const isBare = scenario === 'first-run' || scenario === 'blocked'
  let sessions: Session[] = isBare
    ? []
    : SESSIONS.map((item) => (scenario === 'quiet' ? { ...item, pendingPrompts: 0 } : item))
  let prompts: PermissionRequest[] =
    scenario === 'busy' ? PROMPTS : scenario === 'flood' ? flood(MAIN, 300) : []
  let rules: Rule[] = isBare ? [] : RULES
  let ports: InsidePort[] = isBare ? [] : [{ port: 5173, localPort: null }]
  let isAway = scenario === 'silent'
  const seen: string[] = []
  const watchers = new Set<(id: string, facts: readonly Fact[]) => void>()
  const engines = fakeEngines(scenario, seen)
  const questions = fakeQuestions(scenario, seen)
  let restarts = 0
  let endProbe: ((how: ProbeEnd) => void) | null = null
  const open = new Set<Transport>()

  const sessionList = createBroadcast<Session[], SessionChange>(() => sessions)
  const promptList = createBroadcast<PermissionRequest[], PromptChange>(() => prompts)
  const ruleList = createBroadcast<Rule[], Rule[]>(() => rules)

  const start = (session: Session): Session => {
    sessions = [...sessions, session]
    sessionList.tell({ type: 'set', session })
    return session
  }
  /** Something new happens in a session. */
  const report = (id: string, fact: Fact): void => {
    const session = find(id)
    const changed = session && changedBy(session, fact)
    if (changed) {
      sessions = sessions.map((item) => (item.id === id ? changed : item))
      sessionList.tell({ type: 'set', session: find(id)! })
    }
    reportAll(id, [fact])
  }
  const reportAll = (id: string, facts: readonly Fact[]): void => {
    for (const tell of watchers) tell(id, facts)
  }
  const processes = createFakeProcesses(reportAll, seen, scenario === 'orphans')
  const find = (id: string): Session | undefined => sessions.find((item) => item.id === id)

  const handlers: HandlersOf<Api> = {
    system: {
      info: () => Promise.resolve(scenario === 'blocked' ? { ...INFO, defaultLevel: null } : INFO),
      doctor: () =>
        Promise.resolve(
          scenario === 'blocked' ? BLOCKED : scenario === 'engine' ? WITH_ENGINE : DIAGNOSES,
        ),
      folder: (path) => {
        const folder = folderAt(path ?? INFO.home)
        return Promise.resolve(
          folder ? ok(folder) : err({ type: 'missing' as const, path: path ?? '' }),
        )
      },
    },
    ...engines.handlers,
    policy: fakePolicy(scenario, seen),
    review: fakeReview(seen),
    terminal: fakeTerminals(seen, (id, fact) => report(id, fact)),
    agent: { list: () => Promise.resolve(AGENTS), postures: () => Promise.resolve(POSTURES) },
    session: {
      create: (spec) => {
        seen.push(`create ${JSON.stringify(spec)}`)
        if (engines.makesDisk(spec)) return new Promise(() => undefined)
        if (spec.workspace === REFUSED_WORKSPACE) return Promise.resolve(err(refusalOf(spec)))
        return Promise.resolve(
          ok(
            start({
              ...SESSIONS[0]!,
              id: sessionId(100),
              spec,
              title: spec.command ?? spec.agent,
              pendingPrompts: 0,
              createdAtMs: Date.now(),
              startedAtMs: Date.now(),
            }),
          ),
        )
      },
      preview: (spec) => {
        seen.push(`preview ${JSON.stringify(spec)}`)
        return Promise.resolve(
          spec.workspace === REFUSED_WORKSPACE ? err(refusalOf(spec)) : ok(policyOf(spec)),
        )
      },
      setNetwork: ({ id, mode, forMs }) => {
        seen.push(`network ${mode} ${forMs}`)
        const untilMs = forMs === null ? null : Date.now() + forMs
        report(id, { type: 'network/switched', mode, untilMs, by: 'person' })
        return Promise.resolve(ok(null))
      },
      setLimits: ({ id, limits }) => {
        seen.push(`limits ${JSON.stringify(limits)}`)
        if (limits.processes === null)
          return Promise.resolve(
            err({ type: 'needs_restart' as const, limits: ['processes' as const] }),
          )
        const reports = LIMITS_IN_FORCE.map((report) =>
          report.limit === 'memory' ? { ...report, value: limits.memoryBytes } : report,
        )
        report(id, { type: 'limits/changed', limits, reports })
        return Promise.resolve(ok(null))
      },
      probe: ({ id }) => {
        seen.push(`probe ${id}`)
        return new Promise((resolve, reject) => {
          endProbe = (how) => {
            if (how === 'fault') return reject(new Error('made up'))
            if (how === 'not_live') return resolve(err({ type: 'not_live' as const }))
            const provenAtMs = Date.now()
            const axes = (how === 'drift' ? DRIFTED : ENFORCED).map((axis) => ({
              ...axis,
              provenAtMs,
            }))
            report(id, { type: 'isolation/reported', axes })
            resolve(ok(axes))
          }
        })
      },
      stop: ({ id }) => {
        const session = find(id)
        if (!session) return Promise.resolve(err({ type: 'unknown_session' as const }))
        const ended: Session = {
          ...session,
          status: 'ended',
          exit: { kind: 'signalled', signal: 'SIGTERM' },
          endedAtMs: Date.now(),
        }
        sessions = sessions.map((item) => (item.id === id ? ended : item))
        sessionList.tell({ type: 'set', session: ended })
        return Promise.resolve(ok(null))
      },
      restart: ({ id, changes }) => {
        seen.push(`restart ${JSON.stringify(changes)}`)
        const before = find(id) ?? SESSIONS[0]!
        const again = { ...{ id: sessionId(101 + restarts++), continues: id }, pendingPrompts: 0 }
        const spec = withChanges(before.spec, changes)
        return Promise.resolve(ok(start({ ...before, ...again, title: 'Restarted', spec })))
      },
      rename: ({ id, title }) => {
        sessions = sessions.map((item) => (item.id === id ? { ...item, title } : item))
        const session = find(id)
        if (session) sessionList.tell({ type: 'set', session })
        return Promise.resolve(ok(null))
      },
      remove: ({ id, discardsReview }) => {
        if (isUnreviewed(id) && !discardsReview)
          return Promise.resolve(err({ type: 'open_review' }))
        sessions = sessions.filter((item) => item.id !== id)
        sessionList.tell({ type: 'removed', id })
        return Promise.resolve(ok(null))
      },
      list: () => sessionList.watch,
      watch: (id) => (push) => {
        const session = find(id)
        const events = session ? eventsOf(session) : []
        push({ type: 'snapshot', seq: 0, state: events })
        let seq = 0
        const tell = (to: string, facts: readonly Fact[]): void => {
          if (to !== id || !session) return
          const atMs = Date.now()
          const monoMs = atMs - session.createdAtMs
          const first = events.length
          const batch = facts.map((fact, n) => ({ seq: first + n, atMs, monoMs, fact }))
          events.push(...batch)
          push({ type: 'delta', seq: ++seq, change: batch })
        }
        watchers.add(tell)
        return () => watchers.delete(tell)
      },
    },
    process: processes.handlers,
    prompt: {
      reach: () => Promise.resolve(3),
      answer: ({ promptId, action, lifetime }) => {
        const request = prompts.find((item) => item.id === promptId)
        if (!request) return Promise.resolve(err({ type: 'prompt_expired' as const }))
        seen.push(`${action} ${lifetime} ${request.destination.host}`)
        const decision = { action, by: { kind: 'person' as const, lifetime } }
        prompts = prompts.filter((item) => item !== request)
        promptList.tell({ type: 'settled', id: promptId, decision })
        if (lifetime !== 'once') {
          const scope =
            lifetime === 'session'
              ? { kind: 'session' as const, sessionId: request.sessionId }
              : { kind: 'workspace' as const, workspace: '/home/ada/src/lighthouse' }
          rules = [
            ...rules,
            {
              ...RULES[0]!,
              id: `rul_${Math.random().toString(16).slice(2, 10).padEnd(8, '0')}` as Rule['id'],
              action,
              host: request.destination.host,
              port: request.destination.port,
              scope,
              origin: 'prompt',
              createdAtMs: Date.now(),
            },
          ]
          ruleList.tell(rules)
        }
        return Promise.resolve(ok(decision))
      },
      list: () => promptList.watch,
    },
    question: questions.handlers,
    rule: {
      presets: () => Promise.resolve(PRESETS),
      reach: ({ host }) =>
        Promise.resolve(
          host.includes('*.org')
            ? err({ type: 'rule_refused' as const, reason: 'The wildcard covers far too much.' })
            : ok(host.length),
        ),
      save: ({ replaces, scheme, forMs, ...draft }) => {
        seen.push(`save ${draft.action} ${draft.host} ${draft.port} ${draft.scope.kind}`)
        const rule: Rule = {
          ...draft,
          ...(scheme ? { scheme } : {}),
          id: replaces ?? (`rul_${String(rules.length + 90).padStart(8, '0')}` as Rule['id']),
          expiresAtMs: forMs === null ? null : Date.now() + forMs,
          createdAtMs: Date.now(),
        }
        rules = [...rules.filter(({ id }) => id !== rule.id), rule]
        ruleList.tell(rules)
        return Promise.resolve(ok(rule))
      },
      list: () => ruleList.watch,
      remove: ({ id }) => {
        rules = rules.filter((rule) => rule.id !== id)
        seen.push(`revoke ${id}`)
        ruleList.tell(rules)
        return Promise.resolve(ok(null))
      },
    },
    port: {
      list: () => Promise.resolve(ok(ports)),
      open: ({ port }) => {
        ports = ports.map((item) => (item.port === port ? { port, localPort: port } : item))
        return Promise.resolve(ok({ localPort: port }))
      },
      close: ({ port }) => {
        ports = ports.map((item) => (item.port === port ? { port, localPort: null } : item))
        return Promise.resolve(ok(null))
      },
    },
    variable: {
      list: () => (push) => {
        push({ type: 'snapshot', seq: 0, state: VARIABLES })
        return () => undefined
      },
      keep: ({ name }) => {
        seen.push(`keep ${name}`)
        return Promise.resolve(ok(null))
      },
      forget: () => Promise.resolve(ok(null)),
    },
    audit: {
      read: () => Promise.resolve({ entries: auditOf(sessions), isLast: true }),
      verify: () => Promise.resolve({ result: 'whole', entries: 12 }),
    },
    recording: {
      list: () =>
        Promise.resolve(
          sessions.map((session) => ({
            session,
            durationMs: (session.endedAtMs ?? Date.now()) - session.createdAtMs,
            terminalBytes: session.status === 'failed' ? 0 : 184_000 * (session.title.length % 9),
            events: eventsOf(session).length,
            damage: session.status === 'interrupted' ? ['terminal: the last record is torn'] : [],
          })),
        ),
      events: ({ id, fromSeq }) => {
        const session = find(id)
        return Promise.resolve({
          events: session ? eventsOf(session).slice(fromSeq) : [],
          isLast: true,
        })
      },
      terminal: () => Promise.resolve(ok(terminalIndex())),
      find: () => Promise.resolve(ok({ times: [64_000], next: null })),
      search: ({ words }) =>
        Promise.resolve({
          hits: sessions.slice(0, 3).map(({ id }) => ({
            ...{ sessionId: id, place: 'terminal', atMs: 64_000 },
            excerpt: `Bash(npm test) found ${words} in test/auth/redirect.test.ts`,
          })),
          ...{ next: null, done: sessions.length, of: sessions.length },
        }),
      transcript: () => Promise.resolve([]),
      retention: () => Promise.resolve({ days: 90, bytes: 20_000_000_000, kept: [] }),
      setRetention: () => Promise.resolve(ok(null)),
      content: ({ hash }) => Promise.resolve(ok({ text: contentOf(hash) })),
      ...fakeManifest,
    },
  }

  const accept = (transport: Transport): void =>
    serve(transport, {
      contract: api,
      handlers,
      bytes: {
        openTerminal: (id, viewer, further) =>
          fakeScreen(seen, viewer, id === MAIN || id === sessionId(2), further),
        readRecording: (_, offset) => Promise.resolve(terminalLog().subarray(offset)),
      },
      shell: 'electron',
      version: INFO.version,
      checkOutputs: true,
      onFault: (endpoint, cause) => console.error('fake host', endpoint, cause),
    })

  return {
    seen,
    report,
    storm: processes.storm,
    endProbe: (how) => endProbe?.(how),
    open: () => {
      if (isAway) return Promise.reject(new Error('away'))
      const [client, server] = memoryTransportPair()
      open.add(client)
      if (scenario === 'incompatible')
        server.onFrame(() =>
          server.send(
            JSON.stringify({ t: 'welcome', protocol: PROTOCOL_VERSION + 1, version: '9.0.0' }),
          ),
        )
      else accept(server)
      return Promise.resolve(client)
    },
    drop: (away) => {
      isAway = away
      for (const transport of open) transport.close()
      open.clear()
    },
    ask: questions.ask,
    raise: (host) => {
      const request = {
        ...flood(MAIN, 1)[0]!,
        id: `prm_${Date.now().toString(16)}` as PermissionRequest['id'],
        destination: { host, port: 443, protocol: 'connect' as const },
      }
      prompts = [...prompts, request]
      promptList.tell({ type: 'set', request })
    },
  }
}
