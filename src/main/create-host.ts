import { realpathSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { api, type SystemInfo } from '../shared/contract/api.ts'
import type { Caller } from '../shared/contract/define.ts'
import type { SessionId } from '../shared/domain/ids.ts'
import { SessionTrace } from '../shared/domain/process-details.ts'
import { isLive } from '../shared/domain/session.ts'
import { err, ok, type Result } from '../shared/result.ts'
import { serve } from '../shared/rpc/server.ts'
import type { Transport } from '../shared/rpc/transport.ts'
import { readConfiguredCommands } from './agents/configured-commands.ts'
import { listAgents } from './agents/list.ts'
import { readPostures } from './agents/postures.ts'
import { readPresets } from './agents/presets.ts'
import { forgetOldTrust } from './agents/trust-store.ts'
import { readTranscript } from './agents/transcripts.ts'
import { createPlanner } from './agents/planner.ts'
import { createHandlers } from './api/handlers.ts'
import { createByteServices } from './api/terminals.ts'
import { createPlaceholders } from './backends/files/placeholders.ts'
import { sweepGroups } from './backends/limits/cgroup.ts'
import { readHomes } from './backends/limits/cgroup-homes.ts'
import { readFreezeHome } from './backends/limits/freeze-group.ts'
import { createBackends } from './backends/registry.ts'
import { sweepRunFolders } from './backends/run-folder.ts'
import { createStarter } from './backends/starter.ts'
import { guestProgramsIn } from './backends/vm/guest-system.ts'
import { run } from './backends/spawn.ts'
import { createCopies } from './core/copies.ts'
import { createForwards } from './core/forwards.ts'
import { newId } from './core/ids.ts'
import { createOrphanBook } from './core/orphans.ts'
import { createRuleBook } from './core/policy/rules.ts'
import type { Clock, Log, ProcessStarter, SecretBox } from './core/ports.ts'
import { createProcessControl } from './core/process-control.ts'
import { createSecrets } from './core/secrets.ts'
import { createSessions } from './core/sessions.ts'
import { createFreezer } from './core/freezer.ts'
import { createRetention } from './core/retention.ts'
import { createStopWalk } from './core/stop-walk.ts'
import { createVariables, memoryBox } from './core/variables.ts'
import { createEgressGateway } from './egress/gateway.ts'
import { withMappedHosts } from './egress/mapped-hosts.ts'
import { createSystemResolve, dialAddresses } from './egress/network.ts'
import { readMachineTrust } from './egress/tls/machine-trust.ts'
import { readMachine } from './read-machine.ts'
import { runDoctor } from './run-doctor.ts'
import { devContainers } from './devcontainer/dev-containers.ts'
import { createEngines } from './create-engines.ts'
import { type Call, createInbox } from './create-inbox.ts'
import { createProcesses } from './create-processes.ts'
import { createRecordings } from './create-recordings.ts'
import { openReviews } from './create-reviews.ts'
import { createTerminals } from './create-terminals.ts'
import { createDocumentStore } from './store/documents.ts'
import { createOtherSettings } from './policies/other-settings.ts'
import { createProfiles } from './policies/profiles.ts'
import { createWorkspacePolicies } from './policies/workspace-policies.ts'
import { openDocuments } from './open-documents.ts'
import { createFileLog } from './store/file-log.ts'
import { lockInstance } from './store/instance-lock.ts'
import { type DataDirError, defaultDataDir, openDataDir } from './store/paths.ts'
import { VERSION } from './version.ts'

export interface HostOptions {
  /** null: where this platform keeps such data. */
  readonly dataDir: string | null
  /** Folder of the built entries (PTY host, sandbox listener). */
  readonly entries: string
  /** A Node to run small helpers with, and what its environment needs to be one. */
  readonly nodePath: string
  readonly nodeEnv: Readonly<Record<string, string>>
  readonly starter: ProcessStarter
  readonly mayUnconfineInBrowser: boolean
  /** null: there is no keyring to use. */
  readonly secretBox: SecretBox | null
  /** The person's environment; agents are looked for on its PATH. */
  readonly env: Readonly<Record<string, string | undefined>>
}

export type HostError =
  | DataDirError
  | { readonly type: 'already_running'; readonly pid: number; readonly dataDir: string }

export interface Host {
  readonly dataDir: string
  /** Serves one connection that its shell has authenticated. */
  accept(transport: Transport, caller: Pick<Caller, 'shell'>): void
  /** Told of each prompt as it is raised, for who wants to call a person to it. */
  onPrompt(raised: (call: Call) => void): void
  /** Sessions that run or are about to. */
  liveCount(): number
  /** Ends every session, writes what is left, frees the data folder. */
  stop(): Promise<void>
}

const NO_KEYRING =
  'Only in memory, until Cloche ends: there is no keyring of your desktop to encrypt it with.'
const GRACE_MS = 5000
const ORPHAN_GRACE_MS = 2000
/** How long a tool of the machine may take to say where it fetches from. */
const ASK_TOOL_MS = 4000
const MAX_RECENT = 12

/** One clock for all our processes: Linux's monotonic clock is the same in each of them. */
const clock: Clock = {
  wallMs: () => Date.now(),
  monoMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
}

/** Composition root: wires every adapter to every port and owns the order of start and stop. */
export async function createHost(options: HostOptions): Promise<Result<Host, HostError>> {
  const { env } = options
  const dataDir = await openDataDir(options.dataDir ?? defaultDataDir(env))
  if (!dataDir.ok) return dataDir
  const { root } = dataDir.value
  const lock = await lockInstance(root)
  if (!lock.ok) return err({ ...lock.error, dataDir: root })

  const secrets = createSecrets()
  const log = createFileLog(dataDir.value.logs, secrets.blotText)
  log.info(`host ${process.pid} of Cloche ${VERSION} starts`)
  const home = realpathOr(env.HOME ?? homedir())
  const documents = await openDocuments(root)
  const variables = await createVariables({
    env,
    kept: documents.variables.value,
    document: documents.variables,
    box: options.secretBox ?? memoryBox(NO_KEYRING),
    log,
  })
  const policies = createWorkspacePolicies(documents.trusted.value, documents.trusted)
  let recent = documents.recent.value
  const placeholders = createPlaceholders(documents.held, documents.held.value, log)
  await Promise.all([
    placeholders.sweep(),
    sweepRunFolders(),
    forgetOldTrust(root),
    sweepGroups(await readHomes(), await readFreezeHome()),
  ])

  const engines = await createEngines({
    ...{ env, root, entries: options.entries, clock, log, newId },
  })

  const starter = createStarter(join(options.entries, '../native/starter'), log)
  const recordings = await createRecordings({
    ...{ dataDir: dataDir.value, entries: options.entries, starter },
    ...{ clock, log, secrets },
  })
  const { store, timeline } = recordings
  const reviews = await openReviews({ root, placeholders, timeline, log })
  const retentionLoaded = await recordings.retention.load()
  const notices = [...Object.values(documents), retentionLoaded, engines]
    .map(({ notice }) => notice)
    .filter((text) => text !== null)
  const rules = createRuleBook(documents.rules.value, {
    document: documents.rules,
    clock,
    log,
    expired: (rule) => sessions.ruleRemoved(rule),
  })
  const { prompts, questions, onPrompt } = createInbox({
    ...{ clock, rules, timeline, env },
    sessions: () => sessions,
  })
  const processes = createProcesses({ entries: options.entries, clock, log })
  const backends = createBackends({
    nodePath: options.nodePath,
    nodeEnv: options.nodeEnv,
    networkProgram: join(options.entries, '../native/sandbox-network'),
    socketsProgram: join(options.entries, '../native/socket-owners'),
    mountsProgram: join(options.entries, '../native/mount-keeper'),
    listenerScript: join(options.entries, 'sandbox-listener.mjs'),
    connectorScript: join(options.entries, 'sandbox-connector.mjs'),
    observedProgram: join(options.entries, '../native/observed-start'),
    enterProgram: join(options.entries, '../native/sandbox-enter'),
    probeProgram: join(options.entries, '../native/probe'),
    initProgram: join(options.entries, '../native/container-init'),
    relayProgram: join(options.entries, '../native/channel-relay'),
    bridgeScript: join(options.entries, 'container-bridge.mjs'),
    vmFolder: join(root, 'machines'),
    terminalScript: join(options.entries, 'machine-terminal.mjs'),
    runnerProgram: join(options.entries, '../native/vm-runner'),
    guestPrograms: guestProgramsIn(join(options.entries, '../native')),
    keepsNetwork: true,
    log,
    env,
    ...{ engines: engines.choice, imageRoots: engines.imageRoots },
    madeParts: engines.machineParts,
    placeholders,
    starter,
    limits: { starter, members: processes.machine.reader.members, log },
  })
  const orphans = createOrphanBook({
    finder: processes.finder,
    document: createDocumentStore(join(root, 'running.json'), z.array(SessionTrace), 1, []),
    signals: processes.machine.signals,
    clock,
    log,
    report: timeline.append,
    graceMs: ORPHAN_GRACE_MS,
  })
  const { ptyHost, terminals } = createTerminals({
    ...{ starter: options.starter, log, timeline, store, secrets, newId },
    sessions: () => sessions,
    shell: env.SHELL?.startsWith('/') ? env.SHELL : null,
    mayUnconfineInBrowser: options.mayUnconfineInBrowser,
    graceMs: GRACE_MS,
  })
  const forwards = createForwards(timeline.append)
  const sessions = createSessions({
    clock,
    log,
    timeline,
    planner: createPlanner({
      env,
      home,
      user: userInfo().username,
      variables: variables.resolve,
      trust: () => readMachineTrust(env),
      ...{ dataDir: root, devContainers },
    }),
    backends,
    ptyHost,
    prompts,
    questions,
    rules,
    forwards,
    terminals,
    secrets,
    orphans,
    policies,
    reviews,
    newId,
    mayUnconfineInBrowser: options.mayUnconfineInBrowser,
    graceMs: GRACE_MS,
    egress: createEgressGateway({
      log,
      trusted: async () => (await readMachineTrust(env)).certificates,
      ...network(env.CLOCHE_TEST_HOSTS, log),
    }),
    processesOf: processes.of,
    readCommands: readConfiguredCommands,
    terminalLogPath: ({ id }) => store.terminalLogPath(id),
    files: recordings.files,
  })
  const processesOf = (id: SessionId) => {
    const sandbox = sessions.sandbox(id)
    return sandbox.ok ? processes.of(sandbox.value) : processes.machine
  }
  const control = createProcessControl({
    sessions,
    timeline,
    processesOf,
    freezer: createFreezer(
      (id) => {
        const sandbox = sessions.sandbox(id)
        return sandbox.ok ? sandbox.value.hold : null
      },
      createStopWalk((id) => processesOf(id).signals, clock),
    ),
    clock,
    graceMs: GRACE_MS,
  })
  await timeline.recover()
  await orphans.recover()
  const retention = createRetention(
    {
      ...{ document: recordings.retention, clock, log, sessions: sessions.all },
      ...{ bytesOf: store.bytesOf, remove: (id) => sessions.remove(id) },
    },
    retentionLoaded.value,
  )
  await retention.start()

  const systemInfo = async (caller: Caller): Promise<SystemInfo> => ({
    ...(await readMachine(home)),
    version: VERSION,
    home,
    recentWorkspaces: recent,
    defaultLevel: (await backends.get('os')?.diagnose())?.status === 'usable' ? 'os' : null,
    mayUnconfine: caller.shell !== 'web' || options.mayUnconfineInBrowser,
    notices,
  })
  const handlers = createHandlers({
    sessions,
    prompts,
    questions,
    rules,
    clock,
    newId,
    presets: () =>
      readPresets(
        async (tool, args) => (await run(tool, args, { timeoutMs: ASK_TOOL_MS, env })).stdout,
        env,
        home,
      ),
    timeline,
    forwards,
    variables,
    ...{ store, indexes: recordings.indexes, retention },
    ...{ contents: recordings.contents, manifests: recordings.manifests, audit: recordings.audit },
    control,
    orphans,
    home,
    systemInfo,
    doctor: () =>
      runDoctor({
        backends,
        native: join(options.entries, '../native'),
        whyNotExact: () => processes.reason(),
      }),
    ...{ engines: engines.manager, imageJobs: engines.imageJobs },
    copies: createCopies({
      ...{ engines: engines.manager, jobs: engines.imageJobs, sessions, timeline, home },
      realPath: (path) => realpath(path).catch(() => path),
    }),
    ...{ devContainers, policies, reviews, terminals },
    profiles: createProfiles(join(root, 'profiles')),
    settings: createOtherSettings({ env, home }, listAgents, () => recent),
    transcript: ({ spec, createdAtMs, endedAtMs }) =>
      readTranscript({
        ...{ agent: spec.agent, workspace: spec.workspace },
        folder: spec.level === 'unconfined' ? home : join(dataDir.value.homes, spec.agent),
        ...{ fromMs: createdAtMs, toMs: endedAtMs ?? clock.wallMs() },
      }),
    agents: (workspace) => listAgents({ env, home }, workspace),
    postures: () => readPostures({ env, home }),
    rememberWorkspace: (path) => {
      recent = [path, ...recent.filter((item) => item !== path)].slice(0, MAX_RECENT)
      documents.recent
        .save(recent)
        .catch((cause: unknown) => log.error('recent folders were not saved', cause))
    },
  })
  const bytes = createByteServices({ ptyHost, store, sessions, terminals })

  return ok({
    dataDir: root,
    accept: (transport, { shell }) =>
      serve(transport, {
        contract: api,
        handlers,
        bytes,
        shell,
        version: VERSION,
        checkOutputs: env.NODE_ENV !== 'production',
        onFault: (endpoint, cause) => log.error(`${endpoint} failed`, cause),
      }),
    onPrompt,
    liveCount: () => sessions.all().filter(isLive).length,
    stop: async () => {
      await sessions.stopAll()
      await engines.close()
      for (const backend of backends.values()) await backend.close?.()
      await processes.close()
      await orphans.close()
      await ptyHost.stop()
      await starter.close()
      retention.close()
      await store.flush()
      await recordings.audit.close()
      await lock.value.release()
      log.info(`host ${process.pid} ended`)
    },
  })
}

/** Names a developer (or a test) maps to servers of their own; see `withMappedHosts`. */
function network(mapping: string | undefined, log: Log) {
  const own = { resolve: createSystemResolve(), dial: dialAddresses }
  if (!mapping) return own
  log.warn(`names are mapped to servers of this machine: ${mapping}`)
  return withMappedHosts(mapping, own)
}

function realpathOr(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
