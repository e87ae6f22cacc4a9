import type { PlanInput } from '../core/isolation/plan.ts'
import type { LaunchSpec } from '../core/ports.ts'
import { FD, type SmallFile } from './bubblewrap-args.ts'
import { PROBE_SCRIPT } from './probe-script.ts'

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
const launcher = (files: readonly SmallFile[]): string => `
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
exec /usr/bin/env -i "$bubblewrap" --args ${FD.args} --args ${FD.granted} -- "$@" \\
  ${FD.args}<"$folder/${CHANNEL.args}" ${FD.seccomp}<"$folder/${CHANNEL.seccomp}" \\
  ${FD.info}>"$folder/${CHANNEL.info}" ${FD.granted}<"$folder/${CHANNEL.granted}" \\
  ${FD.userns}<"$folder/${CHANNEL.userns}" \\
  ${FD.go}<"$folder/${CHANNEL.go}" ${FD.report}>"$folder/${CHANNEL.report}" ${files.map(opened).join(' ')}
`

const opened = ({ descriptor, source }: SmallFile): string =>
  descriptor === null ? '' : `${descriptor}<'${source}'`

const FIRST_COPY = 10

/**
 * How the small files come in: copied, as every mount costs a start half a millisecond; only bash opens
 * descriptors above 9.
 */
export const smallFiles = (sources: Readonly<Record<string, string>>, shell: string): SmallFile[] =>
  Object.entries(sources).map(([path, source], index) => ({
    path,
    source,
    descriptor: shell === '/bin/bash' && !source.includes("'") ? FIRST_COPY + index : null,
  }))

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
  /** The probe's own arguments. */
  readonly canaries: readonly string[]
  /** Must be seen by nobody inside. */
  readonly canaryEnv: Readonly<Record<string, string>>
  /** null: nobody sees who changes files. */
  readonly observed: Observed | null
}

/** What the PTY host executes: it asks to be observed, then becomes the launcher, then bubblewrap, then the probe, then the agent. */
export function launchSpec(plan: PlanInput, parts: LaunchParts): LaunchSpec {
  const probe = ['/bin/sh', '-c', PROBE_SCRIPT, 'cloche-probe', ...parts.canaries]
  const words = [
    '-c',
    launcher(parts.files),
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
