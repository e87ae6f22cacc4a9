import type { StreamSource } from '../../shared/contract/define.ts'
import type { StartFailure } from '../../shared/domain/session.ts'
import type { VariableGrant, VariableList } from '../../shared/domain/variables.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { createBroadcast } from './broadcast.ts'
import type { StandIn } from './egress-port.ts'
import type { DocumentStore, Log, SecretBox } from './ports.ts'
import { makeStandIn } from './stand-in-values.ts'

/** A kept value as it lies on disk: sealed by the desktop's keyring, in base64. */
export interface KeptVariable {
  readonly name: string
  readonly sealed: string
}

export interface Granted {
  readonly env: Readonly<Record<string, string>>
  /** Values to be blotted out of recordings and logs. */
  readonly secrets: readonly string[]
  /** Values that stay with the gateway; `env` has what stands in for them. */
  readonly standIns: readonly StandIn[]
}

/** Owns the values a person gave to Cloche. They leave it only into the plan of a session. */
export interface Variables {
  readonly watch: StreamSource<VariableList, VariableList>
  keep(
    name: string,
    value: string,
  ): Promise<Result<null, { readonly type: 'not_kept'; readonly detail: string }>>
  forget(name: string): Promise<Result<null, { readonly type: 'unknown_variable' }>>
  resolve(grants: readonly VariableGrant[]): Result<Granted, StartFailure>
}

export interface VariablesOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly kept: readonly KeptVariable[]
  readonly document: Pick<DocumentStore<KeptVariable[]>, 'save'>
  readonly box: SecretBox
  readonly log: Log
}

/** Names that would change what the boundary is, or lead out of it; never let in. */
const REFUSED: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^(LD_|DYLD_|GCONV_PATH$|GLIBC_TUNABLES$)/, 'it makes programs load other code'],
  [
    /^(NODE_OPTIONS|BASH_ENV|ENV|PYTHONSTARTUP|PERL5OPT|RUBYOPT|JAVA_TOOL_OPTIONS|ELECTRON_RUN_AS_NODE)$/,
    'it makes interpreters run other code',
  ],
  [/^GIT_(?!AUTHOR_|COMMITTER_)/, 'it makes git run or obey something else'],
  [
    /^(SSH_AUTH_SOCK|SSH_AGENT_PID|GPG_AGENT_INFO|DBUS_.*|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_RUNTIME_DIR|DOCKER_HOST|CONTAINER_HOST|PULSE_SERVER)$/,
    'it names a way out of the boundary that is not there inside',
  ],
  [
    /^((HTTPS?|ALL|NO)_PROXY|(https?|all|no)_proxy|NODE_USE_ENV_PROXY)$/,
    'it belongs to the gateway',
  ],
  [
    /^(CLOCHE.*|HOME|PATH|SHELL|USER|LOGNAME|TERM|COLORTERM|TMPDIR|PWD|OLDPWD|SHLVL|_)$/,
    'the boundary sets it itself',
  ],
]

/** Why a variable is never let in; null: it may be. */
export const whyRefused = (name: string): string | null =>
  REFUSED.find(([pattern]) => pattern.test(name))?.[1] ?? null

const VALID = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/

export async function createVariables(options: VariablesOptions): Promise<Variables> {
  const { env, box, document, log } = options
  const values = new Map<string, { readonly value: string; readonly sealed: string | null }>()
  /** Sealed by a keyring that does not open now: kept as they are for when it does. */
  const closed: KeptVariable[] = []
  for (const { name, sealed } of options.kept) {
    const value = await box.open(sealed)
    if (value === null) closed.push({ name, sealed })
    else values.set(name, { value, sealed })
  }
  if (closed.length > 0)
    log.warn(`${closed.length} kept variables cannot be opened by the keyring now`)

  const list = (): VariableList => ({
    machine: Object.keys(env)
      .filter((name) => VALID.test(name) && env[name] !== undefined && !whyRefused(name))
      .sort(),
    kept: [...values]
      .map(([name, { sealed }]) => ({
        name,
        place: sealed === null ? ('memory' as const) : ('keyring' as const),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    storage: { place: box.place, detail: box.detail },
  })
  const { tell, watch } = createBroadcast<VariableList, VariableList>(list)
  const save = (): Promise<void> =>
    document.save([
      ...closed,
      ...[...values].flatMap(([name, { sealed }]) => (sealed === null ? [] : [{ name, sealed }])),
    ])
  const valueOf = ({ name, source }: VariableGrant): string | undefined =>
    source === 'kept' ? values.get(name)?.value : env[name]

  return {
    watch,
    keep: async (name, value) => {
      const reason = whyRefused(name)
      if (reason)
        return err({ type: 'not_kept', detail: `${name} is never let into a session: ${reason}.` })
      if (value.includes('\0'))
        return err({ type: 'not_kept', detail: 'A variable cannot hold a zero byte.' })
      const sealed = await box.seal(value)
      values.set(name, { value, sealed })
      try {
        await save()
      } catch (cause) {
        log.error('the kept variables could not be saved', cause)
        values.set(name, { value, sealed: null })
      }
      tell(list())
      return ok(null)
    },
    forget: async (name) => {
      if (!values.delete(name)) return err({ type: 'unknown_variable' })
      await save().catch((cause: unknown) =>
        log.error('the kept variables could not be saved', cause),
      )
      tell(list())
      return ok(null)
    },
    resolve: (grants) => {
      const granted: Record<string, string> = {}
      const standIns: StandIn[] = []
      for (const grant of grants) {
        const reason = whyRefused(grant.name)
        if (reason) return err({ type: 'variable_refused', name: grant.name, reason })
        const value = valueOf(grant)
        if (value === undefined)
          return err({ type: 'variable_missing', name: grant.name, source: grant.source })
        const { name, standInFor: hosts } = grant
        if (hosts === undefined) granted[name] = value
        else {
          const placeholder = makeStandIn(value)
          standIns.push({ name, placeholder, value, hosts })
          granted[name] = placeholder
        }
      }
      const secrets = grants.flatMap((grant) => {
        const value = grant.isSecret || grant.standInFor ? valueOf(grant) : undefined
        return value === undefined ? [] : [value]
      })
      return ok({ env: granted, secrets, standIns })
    },
  }
}

/** Where no keyring can be used: nothing is written to disk. */
export const memoryBox = (detail: string): SecretBox => ({
  place: 'memory',
  detail,
  seal: () => Promise.resolve(null),
  open: () => Promise.resolve(null),
})
