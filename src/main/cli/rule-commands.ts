import { resolve } from 'node:path'
import type { Rule } from '../../shared/domain/policy.ts'
import { type PolicyFile, WORKSPACE_POLICY } from '../../shared/domain/policy-file.ts'
import type { Connection } from '../../shared/rpc/client.ts'
import { CommandFailure, EXIT } from './exit.ts'
import { needHost } from './host-connection.ts'
import { plain, print, table } from './print.ts'
import { readProfile } from './run-options.ts'

const rulesOf = (connection: Connection): Promise<readonly Rule[]> =>
  new Promise((done) => {
    const stop = connection.api.rule.list(null, (frame) => {
      if (frame.type !== 'snapshot') return
      done(frame.state)
      queueMicrotask(() => stop())
    })
  })

/** A rule for a folder, or for everything. `minutes`: for so long. */
export async function rule(
  action: 'allow' | 'deny',
  given: readonly string[],
  {
    everywhere,
    minutes,
    workspace,
  }: { everywhere?: boolean; minutes?: string; workspace?: string },
  dataDir: string,
): Promise<number> {
  const [target, ...others] = given
  if (!target || others.length > 0)
    throw new CommandFailure(
      `Say one host: cloche ${action} api.example.org or host:443`,
      EXIT.usage,
    )
  const [, host = '', port] = /^(.*?)(?::(\d{1,5}))?$/.exec(target) ?? []
  const forMs = minutes === undefined ? null : Number(minutes) * 60_000
  if (forMs !== null && !(forMs > 0))
    throw new CommandFailure(`--minutes takes a number, not “${minutes}”.`, EXIT.usage)
  const { connection, close } = await needHost(dataDir)
  try {
    const saved = await connection.api.rule.save({
      ...{ replaces: null, action, host, port: port === undefined ? null : Number(port) },
      ...{ scheme: null, origin: 'user' },
      scope: everywhere
        ? { kind: 'everywhere' }
        : { kind: 'workspace', workspace: resolve(workspace ?? process.cwd()) },
      forMs,
    })
    if (!saved.ok) throw new CommandFailure(`No rule was made: ${saved.error.reason}`, EXIT.refused)
    process.stdout.write(`${saved.value.id} ${action} ${target}\n`)
    return EXIT.ok
  } finally {
    await close()
  }
}

export async function grants(
  { json }: { readonly json?: boolean },
  dataDir: string,
): Promise<number> {
  const { connection, close } = await needHost(dataDir)
  const rules = await rulesOf(connection)
  print(json ?? false, rules, () =>
    table([
      ['ID', 'DOES', 'HOST', 'PORT', 'FOR'],
      ...rules.map(({ id, action, host, port, scope }) => [
        ...[id, action, plain(host), port === null ? 'any' : String(port)],
        'workspace' in scope
          ? plain(scope.workspace)
          : 'sessionId' in scope
            ? `${scope.kind} ${scope.sessionId}`
            : scope.kind,
      ]),
    ]),
  )
  await close()
  return EXIT.ok
}

export async function revoke(ids: readonly string[], dataDir: string): Promise<number> {
  const { connection, close } = await needHost(dataDir)
  try {
    for (const wanted of ids) {
      const found = (await rulesOf(connection)).find(({ id }) => id === wanted)
      if (!found)
        throw new CommandFailure(
          `There is no rule ${wanted}. cloche grants lists them.`,
          EXIT.usage,
        )
      await connection.api.rule.remove({ id: found.id })
      process.stdout.write(`Revoked ${found.id} ${plain(found.host)}\n`)
    }
    return EXIT.ok
  } finally {
    await close()
  }
}

/** Whether a policy file is one, and what it says. Needs no host. */
export async function policy(
  [action, path]: readonly string[],
  { json }: { readonly json?: boolean },
): Promise<number> {
  if (action !== 'check' && action !== 'explain')
    throw new CommandFailure(
      'cloche policy check [FILE], or cloche policy explain [FILE]',
      EXIT.usage,
    )
  const file = path ?? WORKSPACE_POLICY
  const found = await readProfile(file)
  print(json ?? false, found, () =>
    action === 'check' ? `${file} is a policy.` : explain(found).join('\n') || 'It says nothing.',
  )
  return EXIT.ok
}

const explain = (found: PolicyFile): string[] => [
  ...(found.level ? [`Runs at least in: ${found.level}`] : []),
  ...(found.network ? [`Connections that no rule covers: ${found.network}`] : []),
  ...(found.allow ?? []).map((host) => `May reach ${host} unasked, once the file is trusted`),
  ...(found.deny ?? []).map((host) => `Never reaches ${host}`),
  ...(found.files ?? []).map(({ path, access }) => `${path}: ${access}`),
  ...(found.maskSecrets ? ['Secrets in the workspace look empty'] : []),
  ...(found.inspectTls ? ['Rules may look into TLS, once the file is trusted'] : []),
  ...(found.variables ?? []).map((name) => `Is given ${name}, once the file is trusted`),
  ...Object.entries(found.limits ?? {}).map(
    ([name, value]) => `${name}: at most ${value ?? 'all'}`,
  ),
  ...(found.image
    ? [`A container has the programs of ${found.image}, once the file is trusted`]
    : []),
]
