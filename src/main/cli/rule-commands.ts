import { resolve } from 'node:path'
import type { Rule } from '../../shared/domain/policy.ts'
import type { Connection } from '../../shared/rpc/client.ts'
import { CommandFailure, EXIT } from './exit.ts'
import { withHost } from './host-connection.ts'
import { plain, print, table } from './print.ts'
import { snapshotOf } from './snapshot.ts'

const rulesOf = ({ api }: Connection): Promise<readonly Rule[]> =>
  snapshotOf((onFrame) => api.rule.list(null, onFrame))

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
  return withHost(dataDir, async (connection) => {
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
  })
}

export async function grants(
  { json }: { readonly json?: boolean },
  dataDir: string,
): Promise<number> {
  return withHost(dataDir, async (connection) => {
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
    return EXIT.ok
  })
}

export async function revoke(ids: readonly string[], dataDir: string): Promise<number> {
  return withHost(dataDir, async (connection) => {
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
  })
}
