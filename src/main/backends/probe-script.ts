import { PROBE_NAME } from '../core/direct-addresses.ts'
import { CANARY_ADDRESS } from './network-canary.ts'

/** Descriptors of the probe; 7 is bubblewrap's own and closed with them. */
const KEPT = '0|1|2|7|8|9'

/** What can be tried at any time. Takes: secret file, file outside, port of the machine, protected folder. */
const REACH = `
secret=$1 outside=$2 port=$3 protected=$4
say() { printf '%s\\t%s\\n' "$1" "$2" >&9; }
line=; read -r line 2>/dev/null </etc/hosts; say readable "$line"
line=; { read -r line <"$secret"; } 2>/dev/null; say secret "$line"
(: >"$outside") 2>/dev/null
if (: >/usr/.cloche-probe) 2>/dev/null; then say system written; else say system refused; fi
if [ -n "$protected" ]; then
  if (: >"$protected/.cloche-probe") 2>/dev/null; then say protected written; else say protected refused; fi
fi
sockets=
for path in /run/* /run/.[!.]* /var/run/* /tmp/.X11-unix; do [ -e "$path" ] && sockets="$sockets $path"; done
say sockets "$sockets"
# Programs are tried side by side: starting them is what takes the time.
if command -v mount >/dev/null 2>&1; then
  if mount --bind /tmp /tmp 2>/dev/null; then say mount made; else say mount refused; fi &
fi
if command -v getent >/dev/null 2>&1; then
  say name "$(getent hosts ${PROBE_NAME} 2>/dev/null)" &
fi
if command -v bash >/dev/null 2>&1; then
  bash -c '
    try() { if (exec 3<>"/dev/tcp/$2/$3") 2>/dev/null; then s=connected; else s=refused; fi; printf "%s\t%s\n" "$1" "$s" >&9; }
    try loopback 127.0.0.1 "$1"; try direct ${CANARY_ADDRESS} 80' bash "$port" 2>/dev/null &
fi
wait
`

/** What means something only before the agent has made files, variables and processes of its own. */
const FRESH = `
seen=0
for entry in /proc/[0-9]*; do seen=$((seen + 1)); done
say processes "$seen"
open=
for entry in /proc/self/fd/*; do
  case \${entry##*/} in ${KEPT}) ;; *) [ -e "$entry" ] && open="$open \${entry##*/}" ;; esac
done
say descriptors "$open"
names=$(cut -z -d= -f1 /proc/[0-9]*/environ 2>/dev/null | tr '\\0' ' ')
[ -n "$names" ] || names=$(cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | cut -d= -f1 | tr '\\n' ' ')
say variables "$names"
found=
for entry in "$HOME"/.[!.]* "$HOME"/..?* "$HOME"/*; do
  if [ -e "$entry" ] || [ -h "$entry" ]; then found="$found\${entry##*/}/"; fi
done
say home "$found"
if command -v unshare >/dev/null 2>&1; then
  if unshare --user true 2>/dev/null; then say namespace made; else say namespace refused; fi
fi
`

/**
 * The first program inside every sandbox, in the agent's own namespaces and under its filter. It
 * tries what must fail, reports on descriptor 9, waits for the word "go" on 8, closes both and
 * becomes the agent. It gives no verdict: it says what came back, and `probe-verdicts.ts` compares
 * that with what the machine knows. POSIX sh, so it runs wherever a sandbox has a /bin/sh.
 */
export const PROBE_SCRIPT = `${REACH}
shift 4
${FRESH}
say done yes
read -r word <&8 && [ "$word" = go ] || exit 125
exec "$@" 7<&- 8<&- 9>&-
`

/** The same attempts in a sandbox that runs, reported on standard output. */
export const PROBE_AGAIN_SCRIPT = `exec 9>&1
${REACH}
say done yes
`
