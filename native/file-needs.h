// What programs open in the folder, and what they look for that this machine has and they do not: for a
// person who wants to know what a narrower or wider boundary would take. After folder-changes.h.
#include <sys/stat.h>

enum { MOST_NEEDS = 4096, MOST_ASKED = 1 << 16, ASKED_SLOTS = 1 << 17 };

static int learns;
static int needs;

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

static void tell_need(const char *what, const char *path, int is_folder, pid_t task) {
  struct file reader = {.before = {.bytes = UNKNOWN}};
  if (identify(task, &reader.pid, &reader.ticks) != 0) reader.pid = 0;
  needs++;
  say(what, path, "", is_folder, &reader, 0);
}

// `opens`: it is not only looked at.
static void looks_for(pid_t task, int folder, uint64_t text_at, int opens) {
  char text[PATH_MAX], path[2 * PATH_MAX + 2], inside[PATH_MAX];
  if (!learns || needs >= MOST_NEEDS || task <= 0 || read_text(task, text_at, text) != 0 || !text[0]) return;
  if (whole_path(task, folder, text, path, sizeof path) != 0) return;
  make_plain(path);
  if (is_of_no_interest(path) || !is_asked_first(path)) return;
  const int top = open_top(task);
  if (top < 0) return;
  const int fd = open_below(top, path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  const int is_absent = fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES);
  close(top);
  struct stat info;
  if (fd >= 0) {
    const char *relative = path_of_fd(fd, inside) == 0 ? relative_of(inside) : 0;
    if (opens && relative && !is_hidden(relative) && fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
      tell_need("read", relative, 0, task);
    close(fd);
  } else if (is_absent && !relative_of(path) && lstat(path, &info) == 0 && access(path, R_OK) == 0) {
    // This very path is on the machine: what was looked for is there, and was not let in.
    if (S_ISLNK(info.st_mode) && stat(path, &info) != 0) return;
    if (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) tell_need("wanted", path, S_ISDIR(info.st_mode), task);
  }
}
