import type { PlanInput } from '../core/isolation/plan.ts'
import type { LaunchSpec } from '../core/terminal-port.ts'
import { FD, type SmallFile } from './bubblewrap-args.ts'
import { exists } from './exists.ts'
import { probeWords } from './probe-words.ts'

/** Files of the run folder that the launcher opens and that the host reads or writes. */
export const CHANNEL = {
  args: 'args',
  seccomp: 'seccomp',
  info: 'info',
  granted: 'granted',
  userns: 'userns',
  go: 'go',
  report: 'report',
} as const

/**
 * Closes every descriptor that came along, opens the channels, and becomes bubblewrap with an
 * empty environment: bubblewrap stays the sandbox's first process, and what it was started with
 * can be read inside. Shells other than bash cannot close descriptors above 9; where one is left
 * open the probe finds it and the session does not start.
 */
const launcher = (files: readonly Opened[], shell: string): string => `
folder=$1 bubblewrap=$2
shift 2
for path in /proc/self/fd/*; do
  number=\${path##*/}
  case $number in
    [012]) ;;
    [3-9]) eval "exec $number>&-" ;;
    *) [ -z "$BASH_VERSION" ] || eval "exec $number>&-" ;;
  esac
done
${withoutEnvironment(shell)} "$bubblewrap" --args ${FD.args} --args ${FD.granted} -- "$@" \\
  ${FD.args}<"$folder/${CHANNEL.args}" ${FD.seccomp}<"$folder/${CHANNEL.seccomp}" \\
  ${FD.info}>"$folder/${CHANNEL.info}" ${FD.granted}<"$folder/${CHANNEL.granted}" \\
  ${FD.userns}<"$folder/${CHANNEL.userns}" \\
  ${FD.go}<"$folder/${CHANNEL.go}" ${FD.report}>"$folder/${CHANNEL.report}" ${files.map(opened).join(' ')}
`

const withoutEnvironment = (shell: string): string =>
  shell === '/bin/bash' ? 'exec -c' : 'exec /usr/bin/env -i'

type Opened = Pick<SmallFile, 'descriptor' | 'source'>

const opened = ({ descriptor, source }: Opened): string =>
  descriptor === null ? '' : `${descriptor}<'${source}'`

const FIRST_COPY = 11

/** Only bash opens descriptors above 9, and what it is told stands in quotes. */
const canOpen = (path: string, shell: string): boolean =>
  shell === '/bin/bash' && !path.includes("'")

/**
 * How the small files come in: copied, as every mount costs a start half a millisecond.
 */
export const smallFiles = (sources: Readonly<Record<string, string>>, shell: string): SmallFile[] =>
  Object.entries(sources).map(([path, source], index) => ({
    path,
    source,
    descriptor: canOpen(source, shell) ? FIRST_COPY + index : null,
  }))

/** Of native/probe.c, where it is built and can be handed in; null: a shell does the same. */
export const findProbe = async (program: string, shell: string): Promise<string | null> =>
  canOpen(program, shell) && (await exists(program)) ? program : null

/** The program of native/observed-start.c, and the socket of the observer it asks. */
export interface Observed {
  readonly program: string
  readonly socket: string
}

export interface LaunchParts {
  readonly shell: string
  readonly folder: string
  readonly files: readonly SmallFile[]
  readonly bubblewrap: string
  /** See `findProbe`. */
  readonly probe: string | null
  /** The probe's own arguments. */
  readonly canaries: readonly string[]
  /** Must be seen by nobody inside. */
  readonly canaryEnv: Readonly<Record<string, string>>
  /** null: nobody sees who changes files. */
  readonly observed: Observed | null
}

/** What the PTY host executes: it asks to be observed, then becomes the launcher, then bubblewrap, then the probe, then the agent. */
export function launchSpec(plan: PlanInput, parts: LaunchParts): LaunchSpec {
  const probe = probeWords(parts.probe === null ? null : FD.probe, parts.canaries)
  const own = parts.probe === null ? [] : [{ descriptor: FD.probe, source: parts.probe }]
  const words = [
    '-c',
    launcher([...own, ...parts.files], parts.shell),
    'cloche',
    parts.folder,
    parts.bubblewrap,
    ...probe,
    ...plan.argv,
  ]
  const { observed } = parts
  return {
    file: observed?.program ?? parts.shell,
    args: observed ? [observed.socket, parts.shell, ...words] : words,
    env: parts.canaryEnv,
    cwd: '/',
  }
}
