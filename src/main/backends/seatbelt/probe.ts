import {
  type AxisReport,
  AXES,
  axisStateOf,
  type Evidence,
} from '../../../shared/domain/isolation.ts'
import type { Sightings } from '../probe-canaries.ts'

/**
 * What the first program under a profile tries on a Mac: it reports in a file, waits for the word
 * "go" and becomes the agent. Takes report, go, secret, outside, port, pid of the host. BUILT, NOT
 * RUN: we have no Mac.
 */
export const SEATBELT_PROBE = `
report=$1 go=$2 secret=$3 outside=$4 port=$5 host=$6
shift 6
say() { printf '%s\\t%s\\n' "$1" "$2" >>"$report"; }
say readable "$(head -n 1 /private/etc/shells 2>&1)"
say secret "$(head -n 1 "$secret" 2>&1)"
(: >"$outside") 2>/dev/null
if (: >/usr/local/.cloche-probe) 2>/dev/null; then say system written; else say system refused; fi
if ls "$HOME/../../Library/Keychains" >/dev/null 2>&1; then say keychain listed; else say keychain refused; fi
if kill -0 "$host" 2>/dev/null; then say signal reached; else say signal refused; fi
if ps -p "$host" >/dev/null 2>&1; then say process seen; else say process refused; fi
if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then say loopback connected; else say loopback refused; fi
if (exec 3<>/dev/tcp/192.0.2.1/80) 2>/dev/null; then say direct connected; else say direct refused; fi
say variables "$(env | cut -d= -f1 | sort -u | tr '\\n' ' ')"
say done yes
read -r word <"$go" && [ "$word" = go ] || exit 125
exec "$@"
`

export interface SeatbeltFindings {
  readonly report: ReadonlyMap<string, string>
  readonly secret: string
  readonly seen: Sightings
  /** Names of the variables the boundary gave. */
  readonly variables: readonly string[]
  readonly atMs: number
}

/** What shells set themselves. */
const SHELL_VARIABLES = ['PWD', 'OLDPWD', 'SHLVL', '_', '__CF_USER_TEXT_ENCODING']

/** Pure: an attempt that was not reported proves nothing, and then the session does not start. */
export function judgeSeatbelt(findings: SeatbeltFindings): AxisReport[] {
  const { report, secret, seen, variables } = findings
  const refused = (attempt: string, name: string): Evidence => {
    const said = report.get(name)
    return row(attempt, said ?? 'not reported', said === undefined ? null : said === 'refused')
  }
  const gotSecret = report.get('secret')?.includes(secret) ?? null
  const listed = report.get('variables')?.split(' ').filter(Boolean)
  const strangers = listed?.filter((name) => ![...variables, ...SHELL_VARIABLES].includes(name))
  const evidence: Readonly<Record<AxisReport['axis'], readonly Evidence[]>> = {
    files: [
      row(
        'Read a secret file of yours outside the workspace',
        gotSecret ? 'its content was read' : 'refused',
        // Where not even a permitted file can be read, a refusal says nothing.
        gotSecret || report.get('readable')?.startsWith('#') ? gotSecret === false : null,
      ),
      row(
        'Write a file outside the workspace',
        seen.wasWritten ? 'it appeared on the machine' : 'nothing appeared on the machine',
        report.size === 0 ? null : !seen.wasWritten,
      ),
      refused('Write into /usr/local', 'system'),
    ],
    network: [
      row(
        'Connect to a port of this machine',
        seen.connections === 0 ? 'nothing arrived' : `${seen.connections} connections arrived`,
        report.has('loopback')
          ? seen.connections === 0 && report.get('loopback') === 'refused'
          : null,
      ),
      refused('Connect to an address without the gateway', 'direct'),
    ],
    processes: [refused('Signal a process outside', 'signal'), refused('See one', 'process')],
    credentials: [
      refused('List your keychains', 'keychain'),
      row(
        'Read the environment',
        strangers?.length ? `shows ${strangers.join(', ')}` : 'only what the sandbox was given',
        listed?.includes('HOME') ? strangers?.length === 0 : null,
      ),
    ],
  }
  return AXES.map((axis) => ({
    axis,
    requested: 'enforced',
    proven: axisStateOf(evidence[axis]),
    breadth: 'narrow',
    detail: DETAILS[axis],
    evidence: [...evidence[axis]],
    provenAtMs: findings.atMs,
  }))
}

const DETAILS: Readonly<Record<AxisReport['axis'], string>> = {
  files: 'Workspace only',
  network: 'Closed; asks for each host',
  processes: 'Reaches only its own',
  credentials: 'Clean environment, home of its own',
}

const row = (attempt: string, outcome: string, held: boolean | null): Evidence => ({
  attempt,
  outcome,
  verdict: held === null ? 'inconclusive' : held ? 'held' : 'open',
})
