// What programs open in the folder, and what they look for that this machine has and they do not: for a
// person who wants to know what a narrower or wider boundary would take. After folder-changes.h.
#include "asked-paths.h"

enum { MOST_NEEDS = 4096 };

static int learns;
static int needs;

static void tell_need(const char *what, const char *path, int is_folder, pid_t pid, unsigned long long ticks) {
  const struct file reader = {.pid = pid, .ticks = ticks, .before = {.bytes = UNKNOWN}};
  needs++;
  say(what, path, "", is_folder, &reader, 0);
}

// This very path is on the machine: what was looked for is there, and was not let in.
static void tell_wanted(const char *path, pid_t pid, unsigned long long ticks) {
  struct stat info;
  if (relative_of(path) || lstat(path, &info) != 0 || access(path, R_OK) != 0) return;
  if (S_ISLNK(info.st_mode) && stat(path, &info) != 0) return;
  if (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) tell_need("wanted", path, S_ISDIR(info.st_mode), pid, ticks);
}

// `opens`: it is not only looked at.
static void looks_for(pid_t task, int folder, uint64_t text_at, int opens) {
  char path[ASKED_ROOM], inside[PATH_MAX];
  pid_t pid;
  unsigned long long ticks;
  if (!learns || needs >= MOST_NEEDS) return;
  const enum found found = look_inside(task, folder, text_at, path, inside);
  if (found == OF_NO_INTEREST) return;
  if (identify(task, &pid, &ticks) != 0) pid = 0, ticks = 0;
  if (found == IS_ABSENT) tell_wanted(path, pid, ticks);
  const char *relative = found == IS_FILE && opens ? relative_of(inside) : 0;
  if (relative && !is_hidden(relative)) tell_need("read", relative, 0, pid, ticks);
}

// The same of a program in another kernel, whose observer is not believed: what is there is looked for here.
// `opens`: the path is below the folder.
static void takes_look(const char *path, int opens, pid_t pid, unsigned long long ticks) {
  if (needs >= MOST_NEEDS || is_of_no_interest(path) || !is_asked_first(path)) return;
  if (!opens) {
    tell_wanted(path, pid, ticks);
    return;
  }
  struct stat info;
  const int fd = is_hidden(path) ? -1 : open_below(root_fd, path, O_PATH, STRICTLY);
  if (fd < 0) return;
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) tell_need("read", path, 0, pid, ticks);
  close(fd);
}
