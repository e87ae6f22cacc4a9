// What programs name in calls, looked for as they would find it, once for each path. After call-paths.h.
#pragma once
#include <sys/stat.h>

enum { MOST_ASKED = 1 << 16, ASKED_SLOTS = 1 << 17, ASKED_ROOM = 2 * PATH_MAX + 2 };

// Paths that were asked for already, by a hash of 64 bits: one that is taken for another is not told.
static uint64_t asked[ASKED_SLOTS];
static int asked_count;

static int is_asked_first(const char *path) {
  uint64_t hash = 14695981039346656037ull;
  for (const char *at = path; *at; at++) hash = (hash ^ (unsigned char)*at) * 1099511628211ull;
  if (hash == 0) hash = 1;
  size_t slot = hash % ASKED_SLOTS;
  while (asked[slot] && asked[slot] != hash) slot = (slot + 1) % ASKED_SLOTS;
  if (asked[slot] || asked_count >= MOST_ASKED) return 0;
  asked_count++;
  asked[slot] = hash;
  return 1;
}

// Takes out empty words, `.` and `..`, as if no folder were a link.
static void make_plain(char *path) {
  char *to = path;
  for (char *at = path; *at;) {
    while (*at == '/') at++;
    const size_t length = strcspn(at, "/");
    if (length == 2 && at[0] == '.' && at[1] == '.') {
      while (to > path && *--to != '/') continue;
    } else if (length > 0 && !(length == 1 && at[0] == '.')) {
      *to++ = '/';
      memmove(to, at, length);
      to += length;
    }
    at += length;
  }
  if (to == path) *to++ = '/';
  *to = 0;
}

static int is_of_no_interest(const char *path) {
  static const char *const own[] = {"/proc", "/dev", "/sys", "/run", "/var/run"};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    if (below(path, own[i])) return 1;
  return 0;
}

enum found { OF_NO_INTEREST, IS_ABSENT, IS_FILE };

// `path`, of ASKED_ROOM: as the program means it. `inside`, of PATH_MAX: where that file really lies.
static enum found look_inside(pid_t task, int folder, uint64_t text_at, char *path, char *inside) {
  char text[PATH_MAX];
  if (task <= 0 || read_text(task, text_at, text) != 0 || !text[0]) return OF_NO_INTEREST;
  if (whole_path(task, folder, text, path, ASKED_ROOM) != 0) return OF_NO_INTEREST;
  make_plain(path);
  if (is_of_no_interest(path) || !is_asked_first(path)) return OF_NO_INTEREST;
  const int top = open_top(task);
  if (top < 0) return OF_NO_INTEREST;
  const int fd = open_below(top, path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  const int is_absent = fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES);
  close(top);
  if (fd < 0) return is_absent ? IS_ABSENT : OF_NO_INTEREST;
  struct stat info;
  const int is_file = path_of_fd(fd, inside) == 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  close(fd);
  return is_file ? IS_FILE : OF_NO_INTEREST;
}
