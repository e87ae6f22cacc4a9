// Where a call of another process leads, and which process that is.
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// The rest of a path below a folder; 0: it is not below it.
static const char *below(const char *path, const char *folder) {
  const size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == 0) ? path + length : 0;
}

static int open_below(int folder, const char *path, uint64_t flags, uint64_t resolve) {
  const struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve};
  return (int)syscall(__NR_openat2, folder, path, &how, sizeof how);
}

static int read_text(pid_t task, uint64_t from, char *text) {
  size_t got = 0;
  while (got < PATH_MAX) {
    // No further than the page: what follows it may not be there.
    const size_t step = 4096 - ((from + got) & 4095);
    const size_t room = PATH_MAX - got < step ? PATH_MAX - got : step;
    const struct iovec here = {text + got, room}, there = {(void *)(uintptr_t)(from + got), room};
    const ssize_t part = process_vm_readv(task, &here, 1, &there, 1, 0);
    if (part <= 0) return -1;
    if (memchr(text + got, 0, (size_t)part)) return 0;
    got += (size_t)part;
  }
  return -1;
}

static int path_of_fd(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length <= 0) return -1;
  path[length] = 0;
  return 0;
}

// The path as the process wrote it, from the top; -1: it is gone, or has no such folder.
static int whole_path(pid_t task, int folder, const char *text, char *whole, size_t room) {
  char link[64];
  if (text[0] == '/') return snprintf(whole, room, "%s", text), 0;
  if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/%d/cwd", task);
  else snprintf(link, sizeof link, "/proc/%d/fd/%d", task, folder);
  const ssize_t length = readlink(link, whole, PATH_MAX - 1);
  if (length <= 0 || whole[0] != '/') return -1;
  snprintf(whole + length, room - (size_t)length, "/%s", text);
  return 0;
}

// The top of what the process sees, to look below it as it would.
static int open_top(pid_t task) {
  char link[64];
  snprintf(link, sizeof link, "/proc/%d/root", task);
  return open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

// Where the process itself would get to, in its own mounts. `follows`: through a last link as well.
static int resolve(pid_t task, int folder, const char *text, int follows, char *path) {
  char whole[2 * PATH_MAX + 2];
  if (whole_path(task, folder, text, whole, sizeof whole) != 0) return -1;
  if (below(whole, "/dev") || below(whole, "/proc")) return -1;
  const int top = open_top(task);
  if (top < 0) return -1;
  int fd = follows ? open_below(top, whole, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS) : -1;
  int failed = fd < 0 || path_of_fd(fd, path) != 0;
  if (failed) {
    size_t end = strlen(whole);
    while (end > 1 && whole[end - 1] == '/') whole[--end] = 0;
    char *name = strrchr(whole, '/');
    *name++ = 0;
    fd = open_below(top, whole[0] ? whole : "/", O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    failed = fd < 0 || path_of_fd(fd, path) != 0 || !name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
             strlen(path) + strlen(name) + 2 > PATH_MAX;
    if (!failed) strcat(strcat(path, "/"), name);
  }
  if (fd >= 0) close(fd);
  close(top);
  return failed ? -1 : 0;
}

static int read_small(const char *path, char *text, size_t room) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t got = fd < 0 ? -1 : read(fd, text, room - 1);
  if (fd >= 0) close(fd);
  if (got > 0) text[got] = 0;
  return got > 0 ? 0 : -1;
}

// The process a thread belongs to, as nobody else can be taken for it.
static int identify(pid_t task, pid_t *pid, unsigned long long *ticks) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/%d/status", task);
  if (read_small(path, text, sizeof text) != 0) return -1;
  const char *line = strstr(text, "\nTgid:");
  if (!line) return -1;
  *pid = atoi(line + 6);
  snprintf(path, sizeof path, "/proc/%d/stat", *pid);
  if (read_small(path, text, sizeof text) != 0) return -1;
  const char *at = strrchr(text, ')');
  // The 22nd word; the name, which may hold anything, is the second.
  for (int word = 2; at && word < 22; word++) at = strchr(at + 1, ' ');
  if (!at) return -1;
  *ticks = strtoull(at + 1, 0, 10);
  return 0;
}

static inline int is_running(pid_t pid, unsigned long long ticks) {
  pid_t now;
  unsigned long long since;
  return pid > 0 && identify(pid, &now, &since) == 0 && since == ticks;
}
