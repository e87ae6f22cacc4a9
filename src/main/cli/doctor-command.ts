import { EXIT } from './exit.ts'
import { findHost, ownHost } from './host-connection.ts'
import { plain, print } from './print.ts'

/** What this machine can enforce, tried out. Ends with 1 where no boundary can be built. */
export async function doctor(
  { json }: { readonly json?: boolean },
  { dataDir, entries }: { readonly dataDir: string; readonly entries: string },
): Promise<number> {
  const { connection, close } = (await findHost(dataDir)) ?? (await ownHost(dataDir, entries))
  try {
    const found = await connection.api.system.doctor(null)
    print(json ?? false, found, () =>
      found
        .flatMap(({ title, status, summary, facts, remedies }) => [
          `${title}: ${status}. ${plain(summary)}`,
          ...facts.map(({ name, value }) => `  ${plain(name)}: ${plain(value)}`),
          ...remedies.map(
            ({ say, command }) => `  → ${say}${command === null ? '' : `: ${command}`}`,
          ),
        ])
        .join('\n'),
    )
    const isUsable = found.some(({ level, status }) => level !== null && status === 'usable')
    return isUsable ? EXIT.ok : EXIT.failed
  } finally {
    await close()
  }
}
