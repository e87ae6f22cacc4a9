import { RUN_OPTIONS } from './run-options.ts'

interface OptionShape {
  readonly type: 'string' | 'boolean'
  readonly multiple?: boolean
  /** What it takes, for people. */
  readonly value?: string
  readonly does: string
}

export interface CommandShape {
  readonly usage: string
  readonly does: string
  readonly options: Readonly<Record<string, OptionShape>>
}

const JSON_OPTION = { json: { type: 'boolean', does: 'one JSON value, for programs' } } as const
const FOLDER = {
  everywhere: { type: 'boolean', does: 'for every folder' },
  workspace: { type: 'string', value: 'DIR', does: 'for this folder (default: this one)' },
  minutes: { type: 'string', value: 'N', does: 'for so long' },
} as const

/** Help, completions and the manual are made from this and nothing else. */
export const COMMANDS = {
  run: {
    usage: 'run [options] -- PROGRAM [ARGUMENT…]',
    does: 'Run an agent or any program in a session. Ctrl+] leaves it.',
    options: { ...RUN_OPTIONS, ...JSON_OPTION },
  },
  ps: {
    usage: 'ps [--all]',
    does: 'List sessions, with how much of their boundary is proven.',
    options: { all: { type: 'boolean', does: 'also those that ended' }, ...JSON_OPTION },
  },
  attach: { usage: 'attach [ID]', does: 'Join the terminal of a session.', options: {} },
  terminal: {
    usage: 'terminal [ID]',
    does: 'Open a shell of your own in a session, behind its boundary. Ctrl+] closes it.',
    options: {},
  },
  stop: { usage: 'stop [ID…]', does: 'Stop sessions.', options: {} },
  review: {
    usage: 'review [ID] [--diff] [--apply [PATH…] | --discard]',
    does: 'Look at what changed in the copy of a session, and apply it to the folder or discard it.',
    options: {
      diff: { type: 'boolean', does: 'line by line' },
      apply: {
        type: 'boolean',
        does: 'bring these paths into the folder; without any, all that is neither guarded nor in conflict',
      },
      overwrite: { type: 'boolean', does: 'also over what the folder changed meanwhile' },
      discard: { type: 'boolean', does: 'remove the copy with all that was not applied' },
      ...JSON_OPTION,
    },
  },
  allow: {
    usage: 'allow HOST[:PORT]',
    does: 'Let sessions reach a host unasked.',
    options: FOLDER,
  },
  deny: { usage: 'deny HOST[:PORT]', does: 'Never let sessions reach a host.', options: FOLDER },
  grants: { usage: 'grants', does: 'List the rules in force.', options: JSON_OPTION },
  revoke: {
    usage: 'revoke RULE…',
    does: 'Take rules back. What they allowed is cut.',
    options: {},
  },
  replay: {
    usage: 'replay ID',
    does: 'Play the terminal of a recording, its silences cut.',
    options: { speed: { type: 'string', value: 'N', does: 'so many times as fast' } },
  },
  export: {
    usage: 'export ID',
    does: 'Write a recording to standard output or a file, known secrets taken out.',
    options: {
      format: { type: 'string', value: 'FORMAT', does: 'cast (default), cast2, jsonl or html' },
      output: { type: 'string', value: 'FILE', does: 'a new file for it' },
      terminal: {
        type: 'string',
        value: 'N',
        does: 'of a cast: the further terminal of that number (default: agent)',
      },
    },
  },
  policy: {
    usage: 'policy check|explain|import|export [FILE]',
    does: 'Look at a policy file (default: .cloche/policy.jsonc), or turn another tool’s into one.',
    options: {
      format: { type: 'string', value: 'NAME', does: 'claude, codex, srt, gemini, opencode, …' },
      ...JSON_OPTION,
    },
  },
  doctor: { usage: 'doctor', does: 'Try what this machine can enforce.', options: JSON_OPTION },
  completions: {
    usage: 'completions bash|zsh|fish',
    does: 'Print completions for a shell.',
    options: {},
  },
  man: { usage: 'man', does: 'Print the manual page: cloche man | man -l -', options: {} },
} as const satisfies Readonly<Record<string, CommandShape>>

export type CommandName = keyof typeof COMMANDS
export const isCommand = (name: string): name is CommandName => Object.hasOwn(COMMANDS, name)
const NAMES = Object.keys(COMMANDS).filter(isCommand)

export const COMMON: Readonly<Record<string, OptionShape>> = {
  'data-dir': { type: 'string', value: 'PATH', does: 'where recordings and rules are kept' },
  help: { type: 'boolean', does: 'this text' },
}

export const optionsOf = (name: CommandName): Readonly<Record<string, OptionShape>> => ({
  ...COMMANDS[name].options,
  ...COMMON,
})

export function helpFor(name: CommandName): string {
  const { usage, does } = COMMANDS[name]
  return [`cloche ${usage}`, '', does, '', ...optionRows(optionsOf(name))].join('\n')
}

export const HELP = [
  'cloche: run AI coding agents behind a boundary, and see everything.',
  '',
  ...rows(Object.values(COMMANDS).map(({ usage, does }) => [usage, does])),
  '',
  'cloche COMMAND --help says more. Exit: 0 well, 1 failed, 2 not understood, 3 Cloche does not run,',
  '4 refused; run and attach end as their program does.',
].join('\n')

function optionRows(options: Readonly<Record<string, OptionShape>>): string[] {
  return rows(
    Object.entries(options).map(([name, { value, does }]) => [
      `--${name}${value ? ` ${value}` : ''}`,
      does,
    ]),
  )
}

function rows(pairs: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...pairs.map(([first]) => first.length))
  return pairs.map(([first, second]) => `  ${first.padEnd(width)}   ${second}`)
}

/** A manual page in roff. */
export function manual(): string {
  const escaped = (text: string): string => text.replaceAll('\\', '\\e').replaceAll('-', '\\-')
  const commands = NAMES.flatMap((name) => [
    '.SS',
    escaped(`cloche ${COMMANDS[name].usage}`),
    escaped(COMMANDS[name].does),
    ...Object.entries(optionsOf(name)).flatMap(([option, shape]) => [
      '.TP',
      `.B ${escaped(`--${option}${shape.value ? ` ${shape.value}` : ''}`)}`,
      escaped(shape.does),
    ]),
  ])
  return [
    '.TH CLOCHE 1',
    '.SH NAME',
    'cloche \\- run AI coding agents behind a boundary, and see everything',
    '.SH SYNOPSIS',
    '.B cloche',
    'COMMAND [OPTION...]',
    '.SH COMMANDS',
    ...commands,
    '.SH EXIT STATUS',
    '0 well, 1 failed, 2 not understood, 3 Cloche does not run, 4 refused. run and attach end as their program does.',
    '',
  ].join('\n')
}

const quiet = (text: string): string => text.replaceAll("'", '’')

const OF_SHELL = {
  bash: (): string => `_cloche() {
  local word="\${COMP_WORDS[COMP_CWORD]}" command="\${COMP_WORDS[1]}"
  if [ "$COMP_CWORD" = 1 ]; then COMPREPLY=($(compgen -W "${Object.keys(COMMANDS).join(' ')}" -- "$word")); return; fi
  case "$command" in
${NAMES.map(
  (name) =>
    `    ${name}) COMPREPLY=($(compgen -W "${Object.keys(optionsOf(name))
      .map((option) => `--${option}`)
      .join(' ')}" -- "$word"));;`,
).join('\n')}
  esac
}
complete -o default -F _cloche cloche
`,
  zsh: (): string => `autoload -U +X bashcompinit && bashcompinit\n${OF_SHELL.bash()}`,
  fish: (): string =>
    `${NAMES.flatMap((name) => [
      `complete -c cloche -n __fish_use_subcommand -f -a ${name} -d '${quiet(COMMANDS[name].does)}'`,
      ...Object.entries(optionsOf(name)).map(
        ([option, { does }]) =>
          `complete -c cloche -n '__fish_seen_subcommand_from ${name}' -l ${option} -d '${quiet(does)}'`,
      ),
    ]).join('\n')}\n`,
} as const

/** null: no shell of that name is known. */
export const completionsFor = (shell: string | undefined): string | null =>
  shell === 'bash' || shell === 'zsh' || shell === 'fish' ? OF_SHELL[shell]() : null
