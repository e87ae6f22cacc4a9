import { PROBE_NAME } from '../core/direct-addresses.ts'
import { CANARY_ADDRESS } from './network-canary.ts'

/** Descriptors of the probe; 7 is bubblewrap's own and closed with them. */
const KEPT = '0|1|2|7|8|9'

/** Takes: secret file, file outside, port of the machine, protected folder. */
const WORDS = `
secret=$1 outside=$2 port=$3 protected=$4
say() { printf '%s\\t%s\\n' "$1" "$2" >&9; }
`

/** What is only right before anything else was started. */
const ALONE = `
seen=0
for entry in /proc/[0-9]*; do seen=$((seen + 1)); done
say processes "$seen"
open=
for entry in /proc/self/fd/*; do
  case \${entry##*/} in ${KEPT}) ;; *) [ -e "$entry" ] && open="$open \${entry##*/}" ;; esac
done
say descriptors "$open"
`

/** What can be tried at any time. Starting programs takes the time: they run side by side, and beside the rest. */
const REACH = `
has() { command -v "$1" >/dev/null 2>&1; }
if has bash; then
  bash -c '
    try() { if (exec 3<>"/dev/tcp/$2/$3") 2>/dev/null; then s=connected; else s=refused; fi; printf "%s\t%s\n" "$1" "$s" >&9; }
    try loopback 127.0.0.1 "$1" & try direct ${CANARY_ADDRESS} 80; wait' bash "$port" 2>/dev/null &
fi
if has getent; then
  say name "$(getent hosts ${PROBE_NAME} 2>/dev/null)" &
fi
if has mount; then
  if mount --bind /tmp /tmp 2>/dev/null; then say mount made; else say mount refused; fi &
fi
line=; read -r line 2>/dev/null </etc/hosts; say readable "$line"
line=; { read -r line <"$secret"; } 2>/dev/null; say secret "$line"
{ true >"$outside"; } 2>/dev/null
if { true >/usr/.cloche-probe; } 2>/dev/null; then say system written; else say system refused; fi
if [ -n "$protected" ]; then
  if { true >"$protected/.cloche-probe"; } 2>/dev/null; then say protected written; else say protected refused; fi
fi
sockets=
for path in /run/* /run/.[!.]* /var/run/* /tmp/.X11-unix; do [ -e "$path" ] && sockets="$sockets $path"; done
say sockets "$sockets"
`

/** What means something only before the agent has made variables and files of its own. */
const FRESH = `
if has unshare; then
  if unshare --user true 2>/dev/null; then say namespace made; else say namespace refused; fi &
fi
# A program that is just being started has half of one environment and half of another.
wait
names=$(cut -z -d= -f1 /proc/[0-9]*/environ 2>/dev/null | tr '\\0' ' ')
[ -n "$names" ] || names=$(cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | cut -d= -f1 | tr '\\n' ' ')
say variables "$names"
found=
for entry in "$HOME"/.[!.]* "$HOME"/..?* "$HOME"/*; do
  if [ -e "$entry" ] || [ -h "$entry" ]; then found="$found\${entry##*/}/"; fi
done
say home "$found"
`

/**
 * The first program inside every sandbox, in the agent's own namespaces and under its filter. It
 * tries what must fail, reports on descriptor 9, waits for the word "go" on 8, closes both and
 * becomes the agent. It gives no verdict: it says what came back, and `probe-verdicts.ts` compares
 * that with what the machine knows. POSIX sh, so it runs wherever a sandbox has a /bin/sh.
 */
export const PROBE_SCRIPT = `${WORDS}
shift 4
${ALONE}
${REACH}
${FRESH}
wait
say done yes
read -r word <&8 && [ "$word" = go ] || exit 125
exec "$@" 7<&- 8<&- 9>&-
`

/** The same attempts in a sandbox that runs, reported on standard output. */
export const PROBE_AGAIN_SCRIPT = `exec 9>&1
${WORDS}
${REACH}
wait
say done yes
`
