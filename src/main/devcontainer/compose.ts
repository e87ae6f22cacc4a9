import { posix } from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { z } from 'zod'
import type { DevContainer, DevContainerRisk } from '../../shared/domain/dev-container.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { Configuration } from './configuration.ts'
import { NOT_GRANTED, riskOfMount } from './risks.ts'

/** What is used of a service with Compose. */
export interface ComposeService {
  /** As a configuration without Compose would have it; paths are relative to the first file. */
  readonly config: Pick<Configuration, 'image' | 'build' | 'containerEnv'>
  readonly risks: readonly DevContainerRisk[]
  readonly ignored: readonly string[]
  readonly notStarted: DevContainer['notStarted']
}

const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])
const Variables = z.union([z.array(z.string()), z.record(z.string(), Scalar)])
const Service = z.looseObject({
  image: z.string().optional(),
  build: z
    .union([
      z.string(),
      z.looseObject({
        context: z.string().optional(),
        dockerfile: z.string().optional(),
        target: z.string().optional(),
        args: Variables.optional(),
      }),
    ])
    .optional(),
  environment: Variables.optional(),
})
type Service = z.infer<typeof Service>
const ComposeFile = z.looseObject({
  services: z.record(z.string(), Service.nullable()).optional(),
})

/** Aliases that one text may stand for: more is an attack on whoever reads it. */
const MOST_ALIASES = 100
const USED = ['image', 'build', 'environment']
const USED_OF_BUILD = ['context', 'dockerfile', 'target', 'args']
/** Keys that ask for more than a service of its own. */
const OPENS = [
  ...['privileged', 'cap_add', 'security_opt', 'network_mode', 'pid', 'ipc', 'uts', 'userns_mode'],
  ...['cgroup', 'cgroup_parent', 'devices', 'device_cgroup_rules', 'gpus', 'group_add', 'sysctls'],
  ...['volumes_from', 'extra_hosts', 'secrets', 'configs', 'env_file', 'use_api_socket'],
]

/**
 * Of Compose files, the service that a dev container works in. What else they would start is named, and what of
 * the service has no effect. `err`: a sentence.
 */
export function readCompose(
  files: readonly { readonly path: string; readonly text: string }[],
  wanted: string | undefined,
): Result<ComposeService, string> {
  const services = new Map<string, Service>()
  const ignored: string[] = []
  for (const { path, text } of files) {
    const read = parseFile(text)
    if (!read.ok) return err(`${path}: ${read.error}`)
    const { services: found, ...rest } = read.value
    for (const [name, service] of Object.entries(found ?? {}))
      services.set(name, merge(services.get(name) ?? {}, service ?? {}))
    const others = Object.keys(rest).filter((key) => !/^(name|version|x-.*)$/.test(key))
    if (others.length > 0) ignored.push(`Of ${path} have no effect: ${others.join(', ')}.`)
  }
  if (wanted === undefined) return err('It names no service of its Compose files to work in.')
  const service = services.get(wanted)
  if (!service) return err(`Its Compose files have no service ${wanted}.`)
  const build = buildOf(service)
  if (service.image === undefined && build === undefined)
    return err(
      `The service ${wanted} names neither an image nor a build` +
        (service.extends === undefined ? '.' : ': it has them of another one, which is not read.'),
    )
  const rest = Object.keys(service).filter((key) => ![...USED, ...OPENS, 'volumes'].includes(key))
  const ofBuild =
    typeof service.build === 'object'
      ? Object.keys(service.build).filter((key) => !USED_OF_BUILD.includes(key))
      : []
  const unused = [...rest, ...ofBuild.map((key) => `build.${key}`)]
  return ok({
    config: {
      ...(build ? { build } : { image: filled(service.image ?? '') }),
      containerEnv: variablesOf(service.environment),
    },
    risks: risksOfService(service),
    ignored: [
      ...(unused.length > 0
        ? [`Of the service ${wanted} have no effect: ${unused.join(', ')}.`]
        : []),
      ...ignored,
    ],
    notStarted: [...services]
      .filter(([name]) => name !== wanted)
      .map(([name, { image, build: made }]) => ({
        name,
        from: image ?? (made === undefined ? null : 'a build of its own'),
      })),
  })
}

function parseFile(text: string): Result<z.infer<typeof ComposeFile>, string> {
  let value: unknown
  try {
    value = parse(text, { merge: true, maxAliasCount: MOST_ALIASES, logLevel: 'error' })
  } catch (cause) {
    const at = cause instanceof YAMLParseError ? cause.linePos?.[0] : undefined
    const [words = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    return err(at ? `Line ${at.line}, column ${at.col}: ${words}` : words)
  }
  const found = ComposeFile.safeParse(value)
  if (found.success) return ok(found.data)
  const [issue] = found.error.issues
  return err(`${issue?.path.join('.') || 'The file'}: ${issue?.message ?? 'it is not known'}.`)
}

/** A later file says more of a service: lists grow, what is written by names is replaced by name. */
function merge(before: Service, after: Service): Service {
  const merged: Service = { ...before, ...after }
  if (before.environment && after.environment)
    merged.environment = { ...asRecord(before.environment), ...asRecord(after.environment) }
  if (before.build !== undefined && after.build !== undefined)
    merged.build = { ...buildRecord(before.build), ...buildRecord(after.build) }
  for (const key of [...OPENS, 'volumes']) {
    const [first, second] = [before[key], after[key]]
    if (Array.isArray(first) && Array.isArray(second)) merged[key] = [...first, ...second]
  }
  return merged
}

const buildRecord = (build: NonNullable<Service['build']>) =>
  typeof build === 'string' ? { context: build } : build

/** Its Dockerfile is found from its context on, which is not so without Compose. */
function buildOf({ build }: Service): Configuration['build'] {
  if (build === undefined) return undefined
  const { context = '.', dockerfile = 'Dockerfile', target, args } = buildRecord(build)
  const folder = filled(context)
  const file = filled(dockerfile)
  return {
    context: folder,
    dockerfile: file.startsWith('/') ? file : posix.join(folder, file),
    ...(target === undefined ? {} : { target: filled(target) }),
    args: variablesOf(args),
  }
}

const asRecord = (variables: z.infer<typeof Variables>): Record<string, z.infer<typeof Scalar>> =>
  Array.isArray(variables)
    ? Object.fromEntries(
        variables.map((item) => {
          const at = item.indexOf('=')
          return at === -1 ? [item, null] : [item.slice(0, at), item.slice(at + 1)]
        }),
      )
    : variables

/** One without a value has this machine's. */
const variablesOf = (variables: Service['environment']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(asRecord(variables ?? {})).map(([name, value]) => [
      name,
      value === null ? `\${localEnv:${name}}` : filled(String(value)),
    ]),
  )

const COMPOSE = /\$\$|\$\{([A-Za-z_]\w*)(?::?([-?+])([^{}]*))?\}|\$([A-Za-z_]\w*)/g

/** Its variables in the words of a configuration: those of this machine, with what stands there instead. */
export const filled = (text: string): string =>
  text.replaceAll(COMPOSE, (whole, name, how, rest, bare) => {
    if (whole === '$$') return '$'
    const variable = name ?? bare
    return how === '-' ? `\${localEnv:${variable}:${rest}}` : `\${localEnv:${variable}}`
  })

function risksOfService(service: Service): DevContainerRisk[] {
  const risks: DevContainerRisk[] = []
  for (const key of OPENS) {
    const value = service[key]
    if (value === undefined || value === false || value === null) continue
    for (const item of Array.isArray(value) ? value : [value])
      risks.push({ asks: `Compose, ${key}: ${textOf(item)}`, answer: NOT_GRANTED })
  }
  const volumes = Array.isArray(service.volumes) ? service.volumes : []
  for (const volume of volumes) {
    const text = textOf(volume)
    const isVolume = typeof volume === 'string' ? /^[\w-][^/]*:/.test(text) : /"volume"/.test(text)
    risks.push(riskOfMount('Compose, volumes', text, isVolume))
  }
  return risks
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
