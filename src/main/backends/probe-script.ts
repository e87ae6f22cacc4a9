/**
 * The first program inside every sandbox, in the agent's own namespaces and under its filter. It
 * tries what must fail, reports on descriptor 9, waits for the word "go" on 8, closes both and
 * becomes the agent. What it says is only half of each verdict: the other half is what the
 * machine saw (`probe.ts`). POSIX sh, so it runs wherever a sandbox has a /bin/sh.
 */
export const PROBE_SCRIPT = `
secret=$1 outside=$2 port=$3
shift 3
say() { printf '%s\\t%s\\n' "$1" "$2" >&9; }
if cat "$secret" >/dev/null 2>&1; then say secret read; else say secret refused; fi
if (: >"$outside") 2>/dev/null; then say outside written; else say outside refused; fi
if (: >/usr/.cloche-probe) 2>/dev/null; then say system written; else say system refused; fi
seen=0
for entry in /proc/[0-9]*; do seen=$((seen + 1)); done
say processes "$seen"
open=
for entry in /proc/self/fd/*; do
  case \${entry##*/} in 0|1|2|7|8|9) ;; *) [ -e "$entry" ] && open="$open \${entry##*/}" ;; esac
done
say descriptors "$open"
say environ "$(tr '\\0' ' ' </proc/1/environ 2>/dev/null | cut -c1-200)"
say home "$(ls -A "$HOME" 2>/dev/null | tr '\\n' '/')"
sockets=
for name in SSH_AUTH_SOCK DBUS_SESSION_BUS_ADDRESS DISPLAY WAYLAND_DISPLAY DOCKER_HOST; do
  eval "value=\\$$name"
  [ -n "$value" ] && sockets="$sockets $name"
done
[ -e /run ] && sockets="$sockets /run"
[ -e /var/run ] && sockets="$sockets /var/run"
say sockets "$sockets"
if command -v bash >/dev/null 2>&1; then
  if bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" 2>/dev/null; then say loopback connected; else say loopback refused; fi
  if bash -c 'exec 3<>/dev/tcp/192.0.2.1/80' 2>/dev/null; then say direct connected; else say direct refused; fi
else
  say loopback untried
  say direct untried
fi
say done yes
read -r word <&8 && [ "$word" = go ] || exit 125
exec "$@" 7<&- 8<&- 9>&-
`
