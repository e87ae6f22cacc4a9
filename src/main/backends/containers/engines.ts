import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Docker from 'dockerode'
import { z } from 'zod'
import { exists } from '../exists.ts'

/** What an engine says of itself. */
export interface EngineFacts {
  readonly name: 'Docker' | 'Podman'
  readonly version: string
  readonly cgroupVersion: '1' | '2'
  readonly cgroupDriver: string
  readonly storageDriver: string
  /** Its own processes belong to this user: number 0 inside is this user outside. */
  readonly isRootless: boolean
  readonly hasSeccomp: boolean
  /** Whether containers have control groups of their own: by these they are frozen and measured. */
  readonly hasGroups: boolean
  /** Limits it may set. */
  readonly holds: Readonly<Record<'cpu' | 'memory' | 'processes', boolean>>
}

export type EngineFound = {
  readonly socket: string
} & (
  | { readonly state: 'answers'; readonly facts: EngineFacts }
  /** This user may not open its socket. */
  | { readonly state: 'refused' }
  /** There is a socket and nobody behind it, or something that does not speak the API. */
  | { readonly state: 'silent'; readonly reason: string }
  /** `DOCKER_HOST` or the context leads elsewhere than to a socket of this machine. */
  | { readonly state: 'remote' }
)

export type Engine = Extract<EngineFound, { state: 'answers' }>

export type Variables = Readonly<Record<string, string | undefined>>

/** Milliseconds for an engine to say who it is. */
const ASK_MS = 3000
/** For one that did: Podman looks through all it has to say how it is set up. */
const FACTS_MS = 20_000

/** Connected through its socket on this machine; opens nothing by itself. */
export const connectEngine = (socketPath: string, timeoutMs?: number): Docker =>
  new Docker({ socketPath, ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }) })

/** Where engines may be, in the order their own clients look. */
async function candidates(env: Variables): Promise<Set<string>> {
  const named = env.DOCKER_HOST ?? (await contextHost(env))
  const runtime = env.XDG_RUNTIME_DIR
  const hosts = [
    ...(named ? [named] : []),
    ...['/var/run/docker.sock', ...(runtime ? [`${runtime}/docker.sock`] : [])],
    ...(env.HOME ? [`${env.HOME}/.docker/run/docker.sock`] : []),
    ...(runtime ? [`${runtime}/podman/podman.sock`] : []),
    '/run/podman/podman.sock',
  ]
  return new Set(hosts.map((host) => host.replace(/^unix:\/\//, '')))
}

/** null: there is nothing. */
export async function look(socket: string): Promise<EngineFound | null> {
  if (!socket.startsWith('/')) return { socket, state: 'remote' }
  return (await exists(socket)) ? askEngine(socket) : null
}

/** Every Docker-compatible engine. */
export async function findEngines(env: Variables): Promise<EngineFound[]> {
  const found: EngineFound[] = []
  for (const socket of await candidates(env)) {
    const engine = await look(socket)
    if (engine) found.push(engine)
  }
  return found
}

/** The first that answers, and none is asked after it; null: none does. */
export async function findEngine(env: Variables): Promise<Engine | null> {
  for (const socket of await candidates(env)) {
    const engine = await look(socket)
    if (engine?.state === 'answers') return engine
  }
  return null
}

const Config = z.object({ currentContext: z.string().optional() })
const Context = z.object({ Endpoints: z.object({ docker: z.object({ Host: z.string() }) }) })

/** Of the context the person's own client uses; null: it has none but the default. */
async function contextHost({
  HOME,
  DOCKER_CONTEXT,
  DOCKER_CONFIG,
}: Variables): Promise<string | null> {
  const folder = DOCKER_CONFIG ?? (HOME ? join(HOME, '.docker') : null)
  if (folder === null) return null
  const config = await readJson(join(folder, 'config.json'), Config)
  const name = DOCKER_CONTEXT ?? config?.currentContext
  if (!name || name === 'default') return null
  const id = createHash('sha256').update(name).digest('hex')
  const context = await readJson(join(folder, 'contexts/meta', id, 'meta.json'), Context)
  return context?.Endpoints.docker.Host ?? null
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    // It is not there or is not what we know: then it says nothing.
    return null
  }
}

const Info = z.object({
  ServerVersion: z.string().default('unknown'),
  CgroupVersion: z.string().default('1'),
  CgroupDriver: z.string().default('unknown'),
  Driver: z.string().default('unknown'),
  CpuCfsQuota: z.boolean().default(false),
  MemoryLimit: z.boolean().default(false),
  PidsLimit: z.boolean().default(false),
  SecurityOptions: z.array(z.string()).nullable().default([]),
  /** Podman alone has that inside. Its answer about versions would take much longer. */
  BuildahVersion: z.string().optional(),
  /** Podman’s own; it leaves it out of the options where control groups are of version 1. */
  Rootless: z.boolean().default(false),
})

async function askEngine(socket: string): Promise<EngineFound> {
  try {
    await connectEngine(socket, ASK_MS).ping()
    const said = Info.parse(await connectEngine(socket, FACTS_MS).info())
    const options = said.SecurityOptions ?? []
    const has = (name: string): boolean => options.some((item) => item.includes(`name=${name}`))
    const isRootless = has('rootless') || said.Rootless
    // Podman counts what the machine has: of version 1 nothing is given to an ordinary user.
    const hasGroups = !(isRootless && said.CgroupVersion !== '2')
    return {
      socket,
      state: 'answers',
      facts: {
        name: said.BuildahVersion === undefined ? 'Docker' : 'Podman',
        version: said.ServerVersion,
        cgroupVersion: said.CgroupVersion === '2' ? '2' : '1',
        cgroupDriver: said.CgroupDriver,
        storageDriver: said.Driver,
        isRootless,
        hasSeccomp: has('seccomp'),
        hasGroups,
        holds: {
          cpu: hasGroups && said.CpuCfsQuota,
          memory: hasGroups && said.MemoryLimit,
          processes: hasGroups && said.PidsLimit,
        },
      },
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : null
    if (code === 'EACCES' || code === 'EPERM') return { socket, state: 'refused' }
    return {
      socket,
      state: 'silent',
      reason: cause instanceof Error ? cause.message : String(cause),
    }
  }
}
