import {
  CREATE_COMMANDS,
  type LifecycleCommand,
  START_COMMANDS,
} from '../../shared/domain/dev-container.ts'
import type { Commands, Configuration } from './configuration.ts'
import { forShell, type Places, quoted, shellWord } from './variables.ts'

type Name = LifecycleCommand['name']

/** Those that a configuration has, in the order in which they run. */
export const lifecycleOf = (
  config: Configuration,
  names: readonly Name[] = [...CREATE_COMMANDS, ...START_COMMANDS],
): { readonly name: Name; readonly commands: Commands }[] =>
  names.flatMap((name) => {
    const commands = config[name]
    return commands === undefined || commands.length === 0 ? [] : [{ name, commands }]
  })

/** Names a shell can set. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * What runs inside before the agent, and becomes it at its end. A command that fails ends the commands, as
 * in the reference, and not the session: the person sees what failed, and the agent can help.
 */
export const preludeOf = (config: Configuration, places: Places): string =>
  [
    ...variablesOf(config, places),
    'ok=1',
    ...lifecycleOf(config, START_COMMANDS).map(
      ({ name, commands }) =>
        `if [ $ok = 1 ]; then ${told(name)}; ( ${run(commands, places)} ) || ` +
        `{ code=$?; ok=0; printf '\\033[33m%s ended with %s; those after it do not run\\033[0m\\n' ${name} $code; }; fi`,
    ),
    'unset ok code',
    'exec "$@"',
  ].join('\n')

const KEPT_NOTHING =
  'Nothing of this set-up is kept but what it wrote in the workspace. Its last words are above: ' +
  'answer a host it asked for, or change the command, and set it up again.'

/**
 * What sets it up, once: the same with the commands that make it. Of a half-made one nothing is kept, so the
 * first that fails ends it.
 */
export const setUpOf = (config: Configuration, places: Places): string =>
  [
    ...variablesOf(config, places),
    ...lifecycleOf(config, CREATE_COMMANDS).map(
      ({ name, commands }) =>
        `${told(name)}; ( ${run(commands, places)} ) || ` +
        `{ code=$?; printf '\\033[33m%s ended with %s.\\033[0m %s\\n' ${name} $code ${quoted(KEPT_NOTHING)}; exit $code; }`,
    ),
    'exec "$@"',
  ].join('\n')

const told = (name: Name): string => `printf '\\033[2m%s\\033[0m\\n' ${name}`

/** The second may refer to the first. */
const variablesOf = ({ containerEnv, remoteEnv }: Configuration, places: Places): string[] =>
  [containerEnv, remoteEnv]
    .flatMap((each) => Object.entries(each ?? {}))
    .filter(([name]) => NAME.test(name))
    .map(([name, value]) =>
      value === null ? `unset ${name}` : `export ${name}=${shellWord(value, places)}`,
    )

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
