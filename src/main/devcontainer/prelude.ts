import type { LifecycleCommand } from '../../shared/domain/dev-container.ts'
import type { Commands, Configuration } from './configuration.ts'
import { forShell, type Places, quoted, shellWord } from './variables.ts'

const NAMES: readonly LifecycleCommand['name'][] = [
  ...(['onCreateCommand', 'updateContentCommand', 'postCreateCommand'] as const),
  ...(['postStartCommand', 'postAttachCommand'] as const),
]

/** Those that a configuration has, in the order in which they run. */
export const lifecycleOf = (
  config: Configuration,
): { readonly name: LifecycleCommand['name']; readonly commands: Commands }[] =>
  NAMES.flatMap((name) => {
    const commands = config[name]
    return commands === undefined || commands.length === 0 ? [] : [{ name, commands }]
  })

/** Names a shell can set. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * What runs inside before the agent, and becomes it at its end. A command that fails ends the commands, as
 * in the reference, and not the session: the person sees what failed, and the agent can help.
 */
export function preludeOf(config: Configuration, places: Places): string {
  // The second may refer to the first.
  const variables = [config.containerEnv, config.remoteEnv]
    .flatMap((each) => Object.entries(each ?? {}))
    .filter(([name]) => NAME.test(name))
  return [
    ...variables.map(([name, value]) =>
      value === null ? `unset ${name}` : `export ${name}=${shellWord(value, places)}`,
    ),
    'ok=1',
    ...lifecycleOf(config).map(
      ({ name, commands }) =>
        `if [ $ok = 1 ]; then printf '\\033[2m%s\\033[0m\\n' ${name}; ( ${run(commands, places)} ) || ` +
        `{ code=$?; ok=0; printf '\\033[33m%s ended with %s; those after it do not run\\033[0m\\n' ${name} $code; }; fi`,
    ),
    'unset ok code',
    'exec "$@"',
  ].join('\n')
}

/** Several are run side by side; they fail when one does. */
function run(commands: Commands, places: Places): string {
  if (typeof commands === 'string' || Array.isArray(commands)) return runOne(commands, places)
  const each = Object.values(commands)
  return [
    'all=""; bad=0',
    ...each.map((one) => `( ${runOne(one, places)} ) & all="$all $!"`),
    'for one in $all; do wait $one || bad=$?; done',
    'exit $bad',
  ].join('; ')
}

const runOne = (command: string | readonly string[], places: Places): string =>
  typeof command === 'string'
    ? `exec /bin/sh -c ${quoted(forShell(command, places))}`
    : `exec ${command.map((word) => shellWord(word, places)).join(' ')}`
