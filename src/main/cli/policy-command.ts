import { readFile } from 'node:fs/promises'
import { type PolicyFile, WORKSPACE_POLICY } from '../../shared/domain/policy-file.ts'
import {
  type MappedKey,
  type MappingReport,
  ReadFormat,
  WriteFormat,
} from '../../shared/domain/policy-formats.ts'
import { exportPolicy, importPolicy, type TextProblem } from '../policies/formats/formats.ts'
import { CommandFailure, EXIT } from './exit.ts'
import { plain, print } from './print.ts'
import { readProfile } from './run-options.ts'

interface PolicyValues {
  readonly json?: boolean
  readonly format?: string
}

/** Policy files: whether one is right, what it says, and how it is written for others. Needs no host. */
export async function policy(
  [action, path]: readonly string[],
  values: PolicyValues,
): Promise<number> {
  const file = path ?? WORKSPACE_POLICY
  switch (action) {
    case 'check':
      await readProfile(file)
      process.stdout.write(`${file} is a policy.\n`)
      return EXIT.ok
    case 'explain': {
      const found = await readProfile(file)
      print(values.json ?? false, found, () => explain(found).join('\n') || 'It says nothing.')
      return EXIT.ok
    }
    case 'import':
      return importFile(path, values)
    case 'export':
      return exportFile(file, values)
    default:
      throw new CommandFailure('cloche policy check|explain|import|export [FILE]', EXIT.usage)
  }
}

/** The policy goes to standard output, what became of each key to standard error. */
async function importFile(
  path: string | undefined,
  { json, format }: PolicyValues,
): Promise<number> {
  const known = ReadFormat.options.find((name) => name === format)
  if (path === undefined || (format !== undefined && !known))
    throw new CommandFailure(
      `cloche policy import FILE [--format ${ReadFormat.options.join('|')}]`,
      EXIT.usage,
    )
  const text = await readFile(path, 'utf8').catch(() => {
    throw new CommandFailure(`The file ${path} cannot be read.`, EXIT.usage)
  })
  const imported = importPolicy(text, known)
  if (!imported.ok) throw new CommandFailure(wordsOfProblem(imported.error), EXIT.failed)
  const { policy: made, report } = imported.value
  print(json ?? false, imported.value, () => JSON.stringify(made, null, 2))
  if (!json) process.stderr.write(wordsOf(report))
  return EXIT.ok
}

function wordsOfProblem(problem: TextProblem): string {
  switch (problem.type) {
    case 'empty':
      return 'The file is empty.'
    case 'unparsable': {
      const where = problem.line === null ? '' : `, line ${problem.line}`
      return plain(`It cannot be read as ${problem.as}${where}: ${problem.detail}.`)
    }
    case 'unknown_format':
      return `It is no file that is known here. Say which: --format ${ReadFormat.options.join('|')}.`
  }
}

function wordsOf({ exact, approximate, dropped }: MappingReport): string {
  const line = ({ key, becomes, why }: MappedKey): string =>
    `${key}${becomes === null ? '' : ` → ${becomes}`}${why === null ? '' : `: ${why}`}`
  const part = (title: string, keys: readonly MappedKey[]): string[] =>
    keys.length === 0 ? [] : [title, ...keys.map((each) => `  ${plain(line(each))}`)]
  return [
    ...part('Exactly:', exact),
    ...part('Approximately:', approximate),
    ...part('Not at all:', dropped),
    '',
  ].join('\n')
}

async function exportFile(file: string, { format }: PolicyValues): Promise<number> {
  const known = WriteFormat.options.find((name) => name === format)
  if (!known)
    throw new CommandFailure(
      `cloche policy export [FILE] --format ${WriteFormat.options.join('|')}`,
      EXIT.usage,
    )
  const { text, report } = exportPolicy(await readProfile(file), known)
  process.stdout.write(text)
  process.stderr.write(wordsOf(report))
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
    ? [
        `A container or a virtual machine has the programs of ${found.image}, once the file is trusted`,
      ]
    : []),
]
