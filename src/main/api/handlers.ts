import type { Api, SystemInfo } from '../../shared/contract/api.ts'
import type { Caller, HandlersOf } from '../../shared/contract/define.ts'
import type { AgentInfo } from '../../shared/domain/agent.ts'
import type { Posture } from '../../shared/domain/posture.ts'
import type { HostPreset } from '../../shared/domain/policy.ts'
import type { Diagnosis } from '../../shared/domain/sandbox.ts'
import { isLive, type Session } from '../../shared/domain/session.ts'
import type { RecordingSummary } from '../../shared/domain/timeline.ts'
import type { Said } from '../../shared/domain/transcript.ts'
import type { SessionState } from '../../shared/projection.ts'
import { err, ok } from '../../shared/result.ts'
import type { Copies } from '../core/copies.ts'
import type { DevContainers } from '../core/dev-container-port.ts'
import type { ContentStore } from '../core/file-port.ts'
import type { Forwards } from '../core/forwards.ts'
import type { FurtherTerminals } from '../core/further-terminals.ts'
import type { NewId } from '../core/ids.ts'
import type { EngineManager } from '../core/engine-port.ts'
import type { ImageJobs } from '../core/image-jobs.ts'
import type { Manifests } from '../core/manifests.ts'
import { countCovered } from '../core/policy/reach.ts'
import { createRuleEdits } from '../core/policy/rule-edits.ts'
import { builtInProfiles } from '../../shared/built-in-profiles.ts'
import type { OtherSettings, ProfileStore, WorkspacePolicies } from '../core/policy-port.ts'
import type { RuleBook } from '../core/policy/rules.ts'
import type { AuditStore, Clock, EventStore } from '../core/ports.ts'
import type { OrphanBook } from '../core/orphans.ts'
import type { ProcessControl } from '../core/process-control.ts'
import type { Prompts } from '../core/prompts.ts'
import type { Questions } from '../core/questions.ts'
import type { RecordingRetention } from '../core/retention.ts'
import type { Reviews } from '../core/reviews.ts'
import type { TerminalIndexes } from '../core/recording-port.ts'
import { findInTerminal } from '../core/find-in-terminal.ts'
import { searchRecordings } from '../core/search-recordings.ts'
import type { Sessions } from '../core/sessions.ts'
import type { Timeline } from '../core/timeline.ts'
import type { Variables } from '../core/variables.ts'
import { listFolder } from './folders.ts'

export interface HandlerParts {
  readonly sessions: Sessions
  readonly prompts: Prompts
  readonly questions: Questions
  readonly rules: RuleBook
  readonly clock: Clock
  readonly newId: NewId
  readonly timeline: Timeline
  readonly forwards: Forwards
  readonly variables: Variables
  readonly store: EventStore
  readonly indexes: TerminalIndexes
  readonly contents: Pick<ContentStore, 'read'>
  readonly manifests: Pick<Manifests, 'page' | 'read'>
  readonly audit: Pick<AuditStore, 'read' | 'verify'>
  readonly retention: Pick<RecordingRetention, 'get' | 'set'>
  readonly control: ProcessControl
  readonly orphans: OrphanBook
  readonly home: string
  readonly systemInfo: (caller: Caller) => Promise<SystemInfo>
  readonly doctor: () => Promise<Diagnosis[]>
  readonly engines: EngineManager
  readonly imageJobs: ImageJobs
  readonly copies: Copies
  readonly devContainers: Pick<DevContainers, 'find'>
  readonly policies: WorkspacePolicies
  readonly reviews: Pick<Reviews, 'look' | 'content' | 'apply' | 'discard'>
  readonly profiles: ProfileStore
  readonly terminals: Pick<FurtherTerminals, 'open' | 'close'>
  readonly settings: OtherSettings
  readonly transcript: (session: Session) => Promise<Said[]>
  readonly agents: (workspace: string | null) => Promise<AgentInfo[]>
  readonly postures: () => Promise<Posture[]>
  readonly presets: () => Promise<HostPreset[]>
  readonly rememberWorkspace: (path: string) => void
}

const EVENTS_PER_READ = 5000
const ENTRIES_PER_READ = 500

export function createHandlers(parts: HandlerParts): HandlersOf<Api> {
  const { sessions, prompts, questions, rules, timeline, store } = parts
  const liveStates = (): SessionState[] =>
    sessions
      .all()
      .filter(isLive)
      .map(({ id }) => timeline.state(id))
      .filter((state) => state !== null)
  const edits = createRuleEdits({
    ...{ rules, clock: parts.clock, newId: parts.newId, states: liveStates },
    changed: (before, after) => {
      sessions.ruleEdited(before, after)
      prompts.rulesChanged()
    },
  })
  // A new session's form wants them twice at once: the machine's tools are asked once for both.
  let asking: Promise<HostPreset[]> | null = null
  const presets = (): Promise<HostPreset[]> =>
    (asking ??= parts.presets().finally(() => {
      asking = null
    }))
  return {
    system: {
      info: (_, caller) => parts.systemInfo(caller),
      doctor: () => parts.doctor(),
      folder: (path) => listFolder(path ?? parts.home),
    },
    engine: {
      list: () => parts.engines.engines(),
      choose: ({ socket }) => parts.engines.choose(socket),
      containers: () => parts.engines.containers,
      usage: (id) => parts.engines.usage(id),
      inspect: ({ id }) => parts.engines.inspect(id),
      removable: () => parts.engines.removable(),
      remove: ({ ids }) => parts.engines.remove(ids),
      copy: (request) => parts.copies.start(request),
    },
    policy: {
      profiles: async () => [...builtInProfiles(await presets()), ...(await parts.profiles.list())],
      saveProfile: async ({ name, policy }) => {
        const saved = await parts.profiles.save(name, policy)
        return saved.ok ? ok(null) : err({ type: 'unwritable', detail: saved.error })
      },
      keepProfile: ({ name, text }) => parts.profiles.keep(name, text),
      check: ({ text }) => Promise.resolve(parts.profiles.check(text)),
      settings: () => parts.settings.found(),
      import: ({ source, format }) => parts.settings.import(source, format),
      export: ({ policy, format }) => Promise.resolve(parts.settings.export(policy, format)),
      look: ({ workspace }) => parts.policies.look(workspace),
      trust: async ({ workspace, hash }) =>
        (await parts.policies.trust(workspace, hash)) ? ok(null) : err({ type: 'changed' }),
      save: ({ workspace, text, replaces }) => parts.policies.save(workspace, text, replaces),
      forget: async ({ workspace }) => {
        await parts.policies.forget(workspace)
        return ok(null)
      },
    },
    review: {
      look: ({ id }) => parts.reviews.look(id),
      content: ({ id, path, seen }) => parts.reviews.content(id, path, seen),
      apply: ({ id, choices }) => parts.reviews.apply(id, choices),
      discard: ({ id }) => parts.reviews.discard(id),
    },
    terminal: {
      open: ({ session }, caller) => parts.terminals.open(session, caller),
      close: ({ session, terminal }) => parts.terminals.close(session, terminal),
    },
    devContainer: { list: ({ workspace }) => parts.devContainers.find(workspace) },
    image: {
      list: () => parts.engines.images(),
      make: async (request, caller) => {
        const isForMachine = request.kind === 'dev' && request.initializes
        if (isForMachine && !(await parts.systemInfo(caller)).mayUnconfine)
          return err({ type: 'refused_in_browser' })
        return ok(parts.imageJobs.start(request))
      },
      cancel: ({ id }) =>
        Promise.resolve(parts.imageJobs.cancel(id) ? ok(null) : err({ type: 'not_running' })),
      jobs: () => parts.imageJobs.watch,
    },
    agent: {
      list: ({ workspace }) => parts.agents(workspace),
      postures: () => parts.postures(),
    },
    session: {
      create: async (spec, caller) => {
        const created = await sessions.create(spec, caller)
        if (created.ok) parts.rememberWorkspace(created.value.spec.workspace)
        return created
      },
      preview: (spec, caller) => sessions.preview(spec, caller),
      probe: ({ id }) => sessions.probe(id),
      setNetwork: ({ id, mode, forMs }) => parts.sessions.setNetwork(id, mode, forMs),
      stop: ({ id }) => parts.control.stopSession(id),
      setLimits: ({ id, limits }) => sessions.setLimits(id, limits),
      restart: ({ id, changes }, caller) => sessions.restart(id, caller, changes),
      rename: ({ id, title }) => Promise.resolve(sessions.rename(id, title)),
      remove: ({ id, discardsReview }) => sessions.remove(id, discardsReview),
      list: () => sessions.watch,
      watch: (id) => timeline.watch(id),
    },
    process: {
      details: ({ session, key }) => parts.control.details(session, key),
      control: ({ scope, action }) => parts.control.control(scope, action),
      orphans: () => parts.orphans.watch,
      endOrphans: async ({ session }) => ok(await parts.orphans.end(session)),
    },
    prompt: {
      answer: (answer) => Promise.resolve(prompts.answer(answer)),
      reach: (answer) => {
        const rule = prompts.ruleFor(answer)
        return Promise.resolve(rule ? countCovered(rule, liveStates()) : 0)
      },
      list: () => prompts.watch,
    },
    question: {
      answer: (answer) => questions.answer(answer),
      list: () => questions.watch,
    },
    rule: {
      list: () => rules.watch,
      presets,
      save: (draft) => Promise.resolve(edits.save(draft)),
      reach: (draft) => Promise.resolve(edits.reach(draft)),
      remove: ({ id }) => Promise.resolve(edits.remove(id)),
    },
    port: {
      list: async ({ id }) => {
        const sandbox = sessions.sandbox(id)
        return sandbox.ok ? ok(await parts.forwards.list(id, sandbox.value)) : sandbox
      },
      open: async ({ id, port }) => {
        const sandbox = sessions.sandbox(id)
        return sandbox.ok ? parts.forwards.open(id, sandbox.value, port) : sandbox
      },
      close: ({ id, port }) => {
        const sandbox = sessions.sandbox(id)
        if (!sandbox.ok) return Promise.resolve(sandbox)
        parts.forwards.close(id, port)
        return Promise.resolve(ok(null))
      },
    },
    variable: {
      list: () => parts.variables.watch,
      keep: ({ name, value }) => parts.variables.keep(name, value),
      forget: ({ name }) => parts.variables.forget(name),
    },
    audit: {
      read: async ({ words, before }) => {
        const entries = (await parts.audit.read(words))
          .filter(({ n }) => before === null || n < before)
          .reverse()
        return {
          entries: entries.slice(0, ENTRIES_PER_READ),
          isLast: entries.length <= ENTRIES_PER_READ,
        }
      },
      verify: () => parts.audit.verify(),
    },
    recording: {
      list: async () => {
        const found = await Promise.all(sessions.all().map(({ id }) => store.summary(id)))
        return found.filter((item): item is RecordingSummary => item !== null)
      },
      events: ({ id, fromSeq }) => store.page(id, fromSeq, EVENTS_PER_READ),
      terminal: async ({ id, terminal }) =>
        sessions.get(id)
          ? ok(await parts.indexes.index(id, terminal))
          : err({ type: 'unknown_session' }),
      find: async ({ id, terminal, words, part }) =>
        sessions.get(id)
          ? ok(await findInTerminal(parts, id, words, part, terminal))
          : err({ type: 'unknown_session' }),
      search: ({ words, from }) =>
        searchRecordings(
          parts,
          sessions.all().map(({ id }) => id),
          words,
          from,
        ),
      transcript: async ({ id }) => {
        const session = sessions.get(id)
        return session ? parts.transcript(session) : []
      },
      retention: () => Promise.resolve(parts.retention.get()),
      setRetention: async (retention) => {
        await parts.retention.set(retention)
        return ok(null)
      },
      content: async ({ id, hash }) => {
        const bytes = await parts.contents.read(id, hash)
        return bytes ? ok({ text: textOf(bytes) }) : err({ type: 'not_kept' })
      },
      manifest: ({ id, from }) => parts.manifests.page(id, from),
      atStart: async ({ id, path, now }) => {
        const found = await parts.manifests.read(id, path, now)
        return found.ok
          ? ok({ text: textOf(found.value) })
          : err({ type: 'not_known', why: found.error })
      },
    },
  }
}

/** null: bytes that are no text, or text that no editor would show as one. */
function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}
