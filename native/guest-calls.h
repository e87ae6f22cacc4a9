// What the observer in a virtual machine (guest-observer.c) tells of calls there. All of it may be a lie of the
// machine's, which can name a wrong process for what it changes itself, and nothing else: it names paths below
// the folder only, what is hidden stays so, and without a change that is seen here nothing is told. Where needs are
// wanted it can ask for what its programs could: whether a path is here is told to the person, never to the machine.
// After `announce` of file-changes.c.
#include <sys/socket.h>

enum { MOST_PID = 1 << 22 };
static const uint64_t MOST_TICKS = 1ull << 53;

// The machine; -1: it did not come yet; -2: it is gone, or is not listened to any more.
static int guest = -1;

// Neither empty nor whole: no word of it is empty, `.` or `..`, and none ends it early.
static int is_relative(const char *path, size_t size) {
  if (memchr(path, 0, size)) return 0;
  for (const char *at = path;; at++) {
    const size_t length = strcspn(at, "/");
    if (length == 0 || (at[0] == '.' && (length == 1 || (length == 2 && at[1] == '.')))) return 0;
    at += length;
    if (!*at) return 1;
  }
}

// 0: it breaks the rules.
static int take_look(const struct told_call *call, const char *path) {
  const int opens = call->how & OPENS;
  if (!learns || (!opens && path[0] != '/')) return 0;
  if (!is_relative(path + !opens, call->size - (size_t)!opens)) return 0;
  takes_look(path, opens, (pid_t)call->pid, call->ticks);
  return 1;
}

// 0: it breaks the rules.
static int take_told(const struct told_call *call, const char *path) {
  static int is_seen;
  if (call->pid == 0) {
    if (is_seen || call->size > 0) return 0;
    is_seen = 1;
    say("notices", "", "", 0, 0, 0);
    return 1;
  }
  if (!is_seen || call->pid > MOST_PID || call->ticks > MOST_TICKS || (call->how & ~(OPENS | LOOKS))) return 0;
  if (call->how & LOOKS) return take_look(call, path);
  if (!is_relative(path, call->size)) return 0;
  // What happened before this call is told first, with who did that.
  drain_changes();
  if (!is_hidden(path)) announce(path, (pid_t)call->pid, call->ticks, call->how);
  return 1;
}

// As many as have come whole. 0: the machine is gone, or not to be listened to any more.
static int read_guest(int *is_wrong) {
  static char coming[sizeof(struct told_call) + PATH_MAX];
  static size_t count;
  const ssize_t got = recv(guest, coming + count, sizeof coming - count, MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return 0;
  count += (size_t)got;
  size_t at = 0;
  for (struct told_call call; count - at >= sizeof call;) {
    memcpy(&call, coming + at, sizeof call);
    *is_wrong = call.size >= PATH_MAX;
    if (*is_wrong) return 0;
    if (count - at < sizeof call + call.size) break;
    char path[PATH_MAX] = {0};
    memcpy(path, coming + at + sizeof call, call.size);
    // Who asks again and again without reading an answer finds no room for it.
    *is_wrong = !take_told(&call, path) || send(guest, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1;
    if (*is_wrong) return 0;
    at += sizeof call + call.size;
  }
  memmove(coming, coming + at, count - at);
  count -= at;
  return 1;
}

static void take_guest(int listener) {
  const char wants = learns ? WANTS_NEEDS : WANTS_WRITES;
  guest = accept4(listener, 0, 0, SOCK_CLOEXEC);
  if (guest < 0 || send(guest, &wants, 1, MSG_NOSIGNAL) == 1) return;
  close(guest);
  guest = -2;
}

static void listen_to_guest(void) {
  int is_wrong = 0;
  if (read_guest(&is_wrong)) return;
  close(guest);
  guest = -2;
  // From now on only that files change is known.
  if (is_wrong) say("watching", is_partial ? "part" : "all", "", 0, 0, 0);
}
