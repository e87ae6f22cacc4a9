// Tells what changes in a folder, and who changes it.
//
//   file-changes FOLDER SHOWN CONTENTS SOCKET writes|needs here|guest HIDDEN...
//
// SHOWN is where the programs see FOLDER. *That* something changed is told by inotify, in FOLDER and below it. *Who* is told by the programs'
// own calls, which the kernel holds until they were looked at here (write-notices.h, over SOCKET): at
// that moment the process is there, and the file is still as it was. A call that then changes nothing
// is not told. Files of at most MOST_BYTES are copied into CONTENTS, before and after, under a number;
// whoever reads our words owns the copies. What lies at or below a HIDDEN path is neither told nor
// read. A program can lie about a path with a second thread: then the writer of the changed file is
// unknown, and nothing else is gained; this is a record and no boundary.
//
// `guest`: the programs run in another kernel, whose own observer (guest-observer.c) says over SOCKET what they are
// about to do, and lets them go on when that was answered.
//
// `needs`: also told is, once for each path, which files of FOLDER are opened, and what programs look for
// that this machine has at that path and the boundary did not let in (file-needs.h).
//
// Output: u32 length, then ten words, each ended by a zero: what, path, from, folder or file, process,
// its start in ticks, content before, its bytes, content after, its bytes. Paths are relative. Bytes -1:
// it was not there; -2: not known. The end of stdin is our end. Failure: one line on stderr, code 1.
//
// With `list` as its first word it tells what is in a folder, and ends: file-list.h.
#define _GNU_SOURCE
#include <poll.h>
#include <sys/un.h>
#include "folder-changes.h"
#include "file-needs.h"
#include "call-notices.h"
#include "file-list.h"

// Whether those who are observed run in another kernel.
static int is_in_guest;

enum { SETTLE_MS = 1000, QUIET_MS = 5, LATE_MS = 1000 };

// ---- calls ----

// Whether who was about to change it may have it open still. Of another kernel's process only that it closed it
// was seen.
static int may_be_open(const struct file *file) {
  return !file->is_closed && (is_in_guest ? file->pid > 0 : is_running(file->pid, file->ticks));
}

// Notes who is about to change a file, and how it is before that. `how`: OPENS.
static void announce(const char *relative, pid_t pid, unsigned long long ticks, int how) {
  char parent[PATH_MAX];
  snprintf(parent, sizeof parent, "%s", relative);
  char *slash = strrchr(parent, '/');
  if (slash) *slash = 0;
  else parent[0] = 0;
  if (!is_last_folder(parent)) watch_folder(parent, 0);

  struct file *file = find_file(relative, 1);
  if (!file) return;
  if (is_closed_list(file)) tell_written(file, relative);
  const int is_other = file->pid != pid || file->ticks != ticks;
  // Two that have it open at once: a change could be either's.
  file->is_shared = may_be_open(file) && (is_other || file->is_shared);
  file->is_closed = !(how & OPENS);
  file->pid = pid;
  file->ticks = ticks;
  if (file->has_before) return;
  file->before = look(relative, &file->mark);
  file->has_before = 1;
}

static void intends(const struct seccomp_notif *notice, int folder, uint64_t text_at, int how) {
  const pid_t task = (pid_t)notice->pid;
  char text[PATH_MAX], path[PATH_MAX];
  if (task <= 0 || read_text(task, text_at, text) != 0 || resolve(task, folder, text, how & FOLLOWS, path) != 0) return;
  const char *relative = relative_of(path);
  if (!relative || is_hidden(relative)) return;
  pid_t pid;
  unsigned long long ticks;
  if (identify(task, &pid, &ticks) == 0 && is_valid(notice->id)) announce(relative, pid, ticks, how);
}

static void answer_notice(void) {
  struct seccomp_notif notice;
  if (!take_notice(&notice)) return;
  // What happened before this call is told first, with who did that.
  drain_changes();
  consider(&notice);
  let_go_on(&notice);
}

#include "guest-calls.h"

// ---- the program ----

static int listen_at(const char *path, int type) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof at.sun_path) return errno = ENAMETOOLONG, -1;
  strcpy(at.sun_path, path);
  const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  return fd >= 0 && bind(fd, (void *)&at, sizeof at) == 0 && listen(fd, 1) == 0 ? fd : -1;
}

static void take_notices(int listener) {
  const int peer = accept4(listener, 0, 0, SOCK_CLOEXEC);
  if (peer < 0) return;
  if (take_listener(peer, learns ? WANTS_NEEDS : WANTS_WRITES)) say("notices", "", "", 0, 0, 0);
  close(peer);
}

int main(int argc, char **argv) {
  if (argc >= 4 && strcmp(argv[1], "list") == 0) return list_all(argv + 2);
  if (argc < 7) return fprintf(stderr, "file-changes FOLDER SHOWN CONTENTS SOCKET writes|needs here|guest HIDDEN...\n"), 1;
  root = argv[1];
  shown = argv[2];
  shown_length = strlen(shown);
  learns = strcmp(argv[5], "needs") == 0;
  is_in_guest = strcmp(argv[6], "guest") == 0;
  hidden = argv + 7;
  root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  contents_fd = open(argv[3], O_PATH | O_DIRECTORY | O_CLOEXEC);
  changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (root_fd < 0 || contents_fd < 0) die("the folder");
  if (changes < 0) die("inotify");
  const int listener = listen_at(argv[4], is_in_guest ? SOCK_STREAM : SOCK_SEQPACKET);
  if (listener < 0) die("the socket");
  say("ready", "", "", 0, 0, 0);
  watch_folder("", 1);
  say("watching", is_partial ? "part" : "all", "", 0, 0, 0);
  struct pollfd events[] = {{0, POLLIN, 0}, {changes, POLLIN, 0}, {listener, POLLIN, 0}, {-1, POLLIN, 0}};
  int is_busy = 0;
  for (;;) {
    // While much happens it gathers: to be woken by each event would cost the programs more than all else.
    events[1].fd = is_busy ? -1 : changes;
    const int wait_ms = is_busy ? QUIET_MS : has_any(&closed) ? 0 : has_any(&lasting) || moved.cookie ? SETTLE_MS / 4 : -1;
    if (wait_ms != 0) say_all();
    if (poll(events, 4, wait_ms) < 0 && errno != EINTR) die("waiting");
    const int is_asked = events[2].revents & POLLIN, is_called = events[3].revents & POLLIN;
    if (is_in_guest) {
      // One machine, and once.
      if (is_asked) take_guest(listener), events[2].fd = -1;
      if (is_called) listen_to_guest();
    } else {
      if (is_asked && notices < 0) take_notices(listener);
      if (is_called) answer_notice();
      // Every program under the filter has ended.
      if (events[3].revents & (POLLHUP | POLLERR)) close(notices), notices = -2;
    }
    events[3].fd = is_in_guest ? guest : notices;
    is_busy = is_called || drain_changes();
    if (has_any(&closed) && (!is_busy || closed.first->since_ms < now_ms() - LATE_MS))
      tell_written(closed.first, closed.first->path);
    if (has_any(&lasting) && lasting.first->since_ms < now_ms() - SETTLE_MS)
      tell_written(lasting.first, lasting.first->path);
    if (!is_busy) settle_moved();
    if (events[0].revents) break;
  }
  drain_changes();
  settle_moved();
  tell_closed();
  while (has_any(&lasting)) tell_written(lasting.first, lasting.first->path);
  say_all();
  return 0;
}
