import { parseArgs } from 'node:util'
import {
  type CommandName,
  COMMANDS,
  completionsFor,
  HELP,
  helpFor,
  isCommand,
  manual,
  optionsOf,
} from './cli/command-table.ts'
import { doctor } from './cli/doctor-command.ts'
import { CommandFailure, EXIT } from './cli/exit.ts'
import { dataDirOf } from './cli/host-connection.ts'
import { exportRecording, replay } from './cli/recording-commands.ts'
import { policy } from './cli/policy-command.ts'
import { review } from './cli/review-command.ts'
import { grants, revoke, rule } from './cli/rule-commands.ts'
import { attachTo, openTerminalIn, ps, run, stop } from './cli/session-commands.ts'

const entries = import.meta.dirname

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>

/** What stands before two dashes is ours, what stands after them is the program's. */
function read(name: CommandName, args: string[]): { values: Values; words: string[] } {
  try {
    const options = Object.fromEntries(
      Object.entries(optionsOf(name)).map(([option, { type, multiple }]) => [
        option,
        { type, multiple: multiple ?? false },
      ]),
    )
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    return { values, words: positionals }
  } catch (cause) {
    const sentence = cause instanceof Error ? cause.message : String(cause)
    throw new CommandFailure(`${sentence}\n\n${helpFor(name)}`, EXIT.usage)
  }
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === 'help') {
    process.stdout.write(`${HELP}\n`)
    return name === undefined ? EXIT.usage : EXIT.ok
  }
  if (!isCommand(name))
    throw new CommandFailure(`There is no command ${name}.\n\n${HELP}`, EXIT.usage)
  const { values, words } = read(name, [...args])
  if (values['help']) {
    process.stdout.write(`${helpFor(name)}\n`)
    return EXIT.ok
  }
  const chosen = values['data-dir']
  const place = { dataDir: dataDirOf(typeof chosen === 'string' ? chosen : undefined), entries }
  const { dataDir } = place
  switch (name) {
    case 'run':
      return run(values, words, place)
    case 'ps':
      return ps(values, dataDir)
    case 'attach':
      return attachTo(words[0], dataDir)
    case 'terminal':
      return openTerminalIn(words[0], dataDir)
    case 'stop':
      return stop(words, dataDir)
    case 'review':
      return review(words, values, place)
    case 'allow':
    case 'deny':
      return rule(name, words, values, dataDir)
    case 'grants':
      return grants(values, dataDir)
    case 'revoke':
      return revoke(words, dataDir)
    case 'replay':
      return replay(words, values, dataDir)
    case 'export':
      return exportRecording(words, values, place)
    case 'policy':
      return policy(words, values)
    case 'doctor':
      return doctor(values, place)
    case 'completions': {
      const text = completionsFor(words[0])
      if (text === null)
        throw new CommandFailure(`Say the shell: cloche ${COMMANDS.completions.usage}`, EXIT.usage)
      process.stdout.write(text)
      return EXIT.ok
    }
    case 'man':
      process.stdout.write(manual())
      return EXIT.ok
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (cause) {
  if (!(cause instanceof CommandFailure)) throw cause
  process.stderr.write(`cloche: ${cause.message}\n`)
  process.exitCode = cause.code
}
