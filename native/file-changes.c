// Tells what changes in a folder, and who changes it.
//
//   file-changes FOLDER SHOWN CONTENTS SOCKET writes|needs HIDDEN...
//
// SHOWN is where the programs see FOLDER. *That* something changed is told by inotify, in FOLDER and below it. *Who* is told by the programs'
// own calls, which the kernel holds until they were looked at here (write-notices.h, over SOCKET): at
// that moment the process is there, and the file is still as it was. A call that then changes nothing
// is not told. Files of at most MOST_BYTES are copied into CONTENTS, before and after, under a number;
// whoever reads our words owns the copies. What lies at or below a HIDDEN path is neither told nor
// read. A program can lie about a path with a second thread: then the writer of the changed file is
// unknown, and nothing else is gained; this is a record and no boundary.
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
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "folder-changes.h"
#include "file-needs.h"
#include "file-list.h"
#include "observed-calls.h"

// Newer than some systems' headers; older kernels refuse it, and are slower.
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1UL
#endif

enum { SETTLE_MS = 1000, QUIET_MS = 5, LATE_MS = 1000 };

// ---- calls ----

static int is_valid(uint64_t id) { return ioctl(notices, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0; }

enum { FOLLOWS = 1, OPENS = 2 };

// Notes who is about to change a file, and how it is before that.
static void intends(const struct seccomp_notif *notice, int folder, uint64_t text_at, int how) {
  const pid_t task = (pid_t)notice->pid;
  char text[PATH_MAX], path[PATH_MAX];
  if (task <= 0 || read_text(task, text_at, text) != 0 || resolve(task, folder, text, how & FOLLOWS, path) != 0) return;
  const char *relative = relative_of(path);
  if (!relative || is_hidden(relative)) return;
  pid_t pid;
  unsigned long long ticks;
  if (identify(task, &pid, &ticks) != 0 || !is_valid(notice->id)) return;

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
  file->is_shared = !file->is_closed && is_running(file->pid, file->ticks) && (is_other || file->is_shared);
  file->is_closed = !(how & OPENS);
  file->pid = pid;
  file->ticks = ticks;
  if (file->has_before) return;
  file->before = look(relative, &file->mark);
  file->has_before = 1;
}

static void consider(const struct seccomp_notif *notice) {
  const __u64 *argument = notice->data.args;
  switch (notice->data.nr) {
    case __NR_openat:
      looks_for((pid_t)notice->pid, (int)argument[0], argument[1], 1);
      if (!(argument[2] & CHANGING)) return;
      return intends(notice, (int)argument[0], argument[1], OPENS | (argument[2] & O_NOFOLLOW ? 0 : FOLLOWS));
    case __NR_openat2: {
      struct open_how how = {0};
      const struct iovec here = {&how, sizeof how}, there = {(void *)(uintptr_t)argument[2], sizeof how};
      if (process_vm_readv((pid_t)notice->pid, &here, 1, &there, 1, 0) < 8) return;
      looks_for((pid_t)notice->pid, (int)argument[0], argument[1], 1);
      if (!(how.flags & CHANGING)) return;
      return intends(notice, (int)argument[0], argument[1], OPENS | (how.flags & O_NOFOLLOW ? 0 : FOLLOWS));
    }
    case __NR_newfstatat:
    case __NR_statx:
    case __NR_faccessat:
    case __NR_faccessat2:
      return looks_for((pid_t)notice->pid, (int)argument[0], argument[1], 0);
    case __NR_unlinkat:
    case __NR_mkdirat:
      return intends(notice, (int)argument[0], argument[1], 0);
    case __NR_truncate:
      return intends(notice, AT_FDCWD, argument[0], FOLLOWS);
    case __NR_linkat:
      return intends(notice, (int)argument[2], argument[3], 0);
    case __NR_symlinkat:
      return intends(notice, (int)argument[1], argument[2], 0);
#ifdef __NR_renameat
    case __NR_renameat:
#endif
    case __NR_renameat2:
      intends(notice, (int)argument[0], argument[1], 0);
      return intends(notice, (int)argument[2], argument[3], 0);
#ifdef __NR_open
    case __NR_stat:
    case __NR_lstat:
    case __NR_access:
      return looks_for((pid_t)notice->pid, AT_FDCWD, argument[0], 0);
    case __NR_open:
      looks_for((pid_t)notice->pid, AT_FDCWD, argument[0], 1);
      if (!(argument[1] & CHANGING)) return;
      return intends(notice, AT_FDCWD, argument[0], OPENS | (argument[1] & O_NOFOLLOW ? 0 : FOLLOWS));
    case __NR_creat:
      return intends(notice, AT_FDCWD, argument[0], OPENS | FOLLOWS);
    case __NR_unlink:
    case __NR_rmdir:
    case __NR_mkdir:
      return intends(notice, AT_FDCWD, argument[0], 0);
    case __NR_rename:
      intends(notice, AT_FDCWD, argument[0], 0);
      return intends(notice, AT_FDCWD, argument[1], 0);
    case __NR_link:
    case __NR_symlink:
      return intends(notice, AT_FDCWD, argument[1], 0);
#endif
  }
}

static void answer_notice(void) {
  union {
    struct seccomp_notif notice;
    char room[512];
  } told;
  union {
    struct seccomp_notif_resp answer;
    char room[256];
  } reply;
  memset(&told, 0, sizeof told);
  if (ioctl(notices, SECCOMP_IOCTL_NOTIF_RECV, &told) != 0) return;
  // What happened before this call is told first, with who did that.
  drain_changes();
  consider(&told.notice);
  memset(&reply, 0, sizeof reply);
  reply.answer.id = told.notice.id;
  reply.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ioctl(notices, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

// ---- the program ----

static int listen_at(const char *path) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof at.sun_path) return errno = ENAMETOOLONG, -1;
  strcpy(at.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  return fd >= 0 && bind(fd, (void *)&at, sizeof at) == 0 && listen(fd, 1) == 0 ? fd : -1;
}

static void take_notices(int listener) {
  const int peer = accept4(listener, 0, 0, SOCK_CLOEXEC);
  if (peer < 0) return;
  const char wants = learns ? WANTS_NEEDS : WANTS_WRITES;
  if (send(peer, &wants, 1, MSG_NOSIGNAL) != 1) return (void)close(peer);
  char byte, room[CMSG_SPACE(sizeof notices)];
  struct iovec data = {&byte, 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  if (recvmsg(peer, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message)) {
    memcpy(&notices, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof notices);
    // The one that waits and the one that looks take turns on one core: no need to wake another.
    ioctl(notices, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    say("notices", "", "", 0, 0, 0);
  }
  close(peer);
}

int main(int argc, char **argv) {
  if (argc >= 4 && strcmp(argv[1], "list") == 0) return list_all(argv + 2);
  if (argc < 6) return fprintf(stderr, "file-changes FOLDER SHOWN CONTENTS SOCKET writes|needs HIDDEN...\n"), 1;
  root = argv[1];
  shown = argv[2];
  shown_length = strlen(shown);
  learns = strcmp(argv[5], "needs") == 0;
  hidden = argv + 6;
  root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  contents_fd = open(argv[3], O_PATH | O_DIRECTORY | O_CLOEXEC);
  changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (root_fd < 0 || contents_fd < 0) die("the folder");
  if (changes < 0) die("inotify");
  const int listener = listen_at(argv[4]);
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
    if (events[2].revents & POLLIN && notices < 0) take_notices(listener);
    const int is_called = events[3].revents & POLLIN;
    if (is_called) answer_notice();
    // Every program under the filter has ended.
    if (events[3].revents & (POLLHUP | POLLERR)) close(notices), notices = -2;
    events[3].fd = notices;
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
