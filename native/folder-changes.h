// What changes in a folder and below it, by inotify, and the telling of it. See file-changes.c.
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include "call-paths.h"
#include "file-table.h"

enum { MOST_FOLDERS = 8192, MOST_BYTES = 1024 * 1024 };
static const long long MOST_CONTENTS = 512LL * 1024 * 1024;
static const uint32_t EVENTS = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                               IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK;

static const uint64_t STRICTLY = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

static const char *root;
static const char *shown;
static size_t shown_length;
static char **hidden;
static int root_fd, contents_fd, changes = -1, is_partial;
static unsigned long next_copy;
static long long copied;

static void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static long long now_ms(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000LL + at.tv_nsec / 1000000;
}

// ---- words ----

static char said[64 * 1024];
static size_t unsaid;

static void say_all(void) {
  for (size_t at = 0; at < unsaid;) {
    const ssize_t part = write(1, said + at, unsaid - at);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) exit(0);
    at += (size_t)part;
  }
  unsaid = 0;
}

static void say(const char *what, const char *path, const char *from, int is_folder, const struct file *file,
                const struct content *after) {
  const size_t most = 4 * PATH_MAX;
  if (unsaid + most > sizeof said) say_all();
  char *words = said + unsaid;
  const struct content none = {.bytes = UNKNOWN};
  const struct content *before = file ? &file->before : &none;
  if (!after) after = &none;
  const int knows = file && file->pid > 0 && !file->is_shared;
  const int size = snprintf(words + 4, most - 4, "%s%c%s%c%s%c%s%c%d%c%llu%c%s%c%lld%c%s%c%lld%c", what, 0, path,
                            0, from, 0, is_folder ? "folder" : "file", 0, knows ? file->pid : 0, 0,
                            knows ? file->ticks : 0, 0, before->name, 0, before->bytes, 0, after->name, 0,
                            after->bytes, 0);
  const uint32_t length = (uint32_t)size;
  memcpy(words, &length, 4);
  unsaid += length + 4;
}

// ---- paths ----

static int is_hidden(const char *relative) {
  char path[2 * PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", root, relative);
  for (char **at = hidden; *at; at++)
    if (below(path, *at)) return 1;
  return 0;
}

// Of a path as the programs see it. 0: outside.
static const char *relative_of(const char *path) {
  if (strncmp(path, shown, shown_length) != 0 || path[shown_length] != '/') return 0;
  return path + shown_length + 1;
}

// ---- contents ----

// Packages and a repository's own files are told of, but what is in them is not kept.
static int is_kept(const char *path) {
  return !strstr(path, "node_modules/") && strncmp(path, ".git/", 5) != 0 && !strstr(path, "/.git/");
}

static void copy(int from, off_t size, char *name) {
  snprintf(name, NAME_BYTES, "%lu", ++next_copy);
  const int to = openat(contents_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  int failed = to < 0;
  static char bytes[MOST_BYTES];
  failed |= pread(from, bytes, MOST_BYTES, 0) != size || write(to, bytes, (size_t)size) != size;
  if (to >= 0) failed |= close(to) != 0;
  if (failed && to >= 0) unlinkat(contents_fd, name, 0);
  if (failed) name[0] = 0;
  else copied += size;
}

// What the file is now. Links are not followed: the path was already, where it was to be.
static struct content look(const char *path, struct mark *mark) {
  struct content content = {.bytes = ABSENT};
  *mark = (struct mark){0};
  const int fd = open_below(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, STRICTLY);
  struct stat info;
  if (fd < 0) {
    // A link, or nobody may read it: it is there, and that is all.
    if (fstatat(root_fd, path, &info, AT_SYMLINK_NOFOLLOW) == 0) content.bytes = UNKNOWN;
    return content;
  }
  if (fstat(fd, &info) == 0) {
    *mark = (struct mark){info.st_ino, info.st_size, info.st_mtim};
    content.bytes = S_ISREG(info.st_mode) ? info.st_size : UNKNOWN;
    if (S_ISREG(info.st_mode) && info.st_size <= MOST_BYTES && copied < MOST_CONTENTS && is_kept(path))
      copy(fd, info.st_size, content.name);
  }
  close(fd);
  return content;
}

static int is_unchanged(const struct file *file) {
  struct stat info;
  if (fstatat(root_fd, file->path, &info, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  const struct mark now = {info.st_ino, info.st_size, info.st_mtim};
  return is_same(&file->mark, &now);
}

static void forget_copy(struct content *content) {
  if (content->name[0] && content->name[0] != SAME[0]) unlinkat(contents_fd, content->name, 0);
  *content = (struct content){.bytes = UNKNOWN};
}

// ---- changes ----

// Tells of a change of a file, and takes what it is now for what it was before the next one. `at`: where
// it is now; 0: nowhere.
static void tell(const char *what, struct file *file, const char *from, const char *at) {
  struct content after = {.bytes = UNKNOWN};
  file->mark = (struct mark){0};
  if (at) after = look(at, &file->mark);
  else if (strcmp(what, "deleted") == 0) after.bytes = ABSENT;
  if (!is_hidden(file->path)) say(what, file->path, from, 0, file, &after);
  else forget_copy(&after), forget_copy(&file->before);
  file->before = (struct content){.bytes = after.bytes};
  strcpy(file->before.name, after.name[0] ? SAME : "");
  file->has_before = 1;
  file->is_changed = file->is_new = 0;
}

static void tell_written(struct file *file, const char *at) {
  unlist(file);
  // A mapped file changes without a word, and what was opened to be written need not change.
  if (file->is_changed || !file->has_before || !is_unchanged(file))
    tell(file->is_new ? "created" : "written", file, "", at);
}

// What was written before something else happened is told before it.
static void tell_closed(void) {
  while (has_any(&closed)) tell_written(closed.first, closed.first->path);
}

static void tell_folder(const char *what, const char *path, const char *from) {
  tell_closed();
  struct file *file = find_file(path, 0);
  if (!is_hidden(path)) say(what, path, from, 1, file, 0);
  if (file) file->pid = 0;
}

static void watch_folder(const char *path, int whole);

static void changed(const char *path, uint32_t mask) {
  const int is_folder = (mask & IN_ISDIR) != 0;
  if (is_folder) {
    if (mask & IN_CREATE) tell_folder("created", path, ""), watch_folder(path, 1);
    if (mask & IN_DELETE) tell_folder("deleted", path, "");
    return;
  }
  struct file *file = find_file(path, 1);
  if (!file) return;
  if (mask & IN_CREATE) {
    forget_copy(&file->before);
    file->before.bytes = ABSENT;
    file->has_before = file->is_new = 1;
  }
  if (mask & (IN_CREATE | IN_MODIFY)) {
    file->is_changed = 1;
    if (!is_listed(file)) list(&lasting, file, now_ms());
  }
  if (mask & IN_CLOSE_WRITE) {
    file->is_closed = 1;
    // Told when there is time: no program waits for that.
    if (file->is_changed || file->has_before) list(&closed, file, now_ms());
  }
  if (mask & IN_DELETE) {
    if (is_listed(file)) tell_written(file, 0);
    tell_closed();
    tell("deleted", file, "", 0);
    forget_file(file);
  }
}

// ---- renames ----

static struct {
  uint32_t cookie;
  int is_folder;
  char path[PATH_MAX];
} moved;

static void settle_moved(void) {
  if (!moved.cookie) return;
  moved.cookie = 0;
  // It went out of the folder.
  if (moved.is_folder) forget_folders(changes, moved.path);
  changed(moved.path, IN_DELETE | (moved.is_folder ? IN_ISDIR : 0));
}

// What was still to be told of files in a folder that is now elsewhere.
static void tell_all_below(struct list *list, const char *from, const char *to) {
  for (struct file *file = list->first, *later; file; file = later) {
    later = file->later;
    const char *rest = below(file->path, from);
    if (!rest) continue;
    char at[2 * PATH_MAX];
    snprintf(at, sizeof at, "%s%s", to, rest);
    tell_written(file, at);
    forget_file(file);
  }
}

static void arrived(const char *path, uint32_t mask, uint32_t cookie) {
  if (!moved.cookie || moved.cookie != cookie) {
    settle_moved();
    changed(path, (mask & IN_ISDIR) | IN_CREATE);
    return;
  }
  moved.cookie = 0;
  if (mask & IN_ISDIR) {
    tell_all_below(&closed, moved.path, path);
    tell_all_below(&lasting, moved.path, path);
    tell_folder("renamed", path, moved.path);
    move_folders(moved.path, path);
    return;
  }
  struct file *source = find_file(moved.path, 0);
  // What was never told of has no name yet that anybody knows.
  struct file *file = find_file(path, 1);
  if (!file) return;
  if (!file->has_before) file->before = (struct content){.bytes = file->pid ? ABSENT : UNKNOWN};
  if (source && is_listed(source)) tell_written(source, path);
  if (source) forget_file(source);
  unlist(file);
  tell_closed();
  tell("renamed", file, moved.path, path);
  file->is_closed = 1;
}

// ---- folders ----

static void watch_folder(const char *path, int whole) {
  if (is_hidden(path)) return;
  struct folder_list list = {0};
  push_folder(&list, path);
  for (char *at; (at = pop_folder(&list)); free(at)) {
    if (count_folders() >= MOST_FOLDERS) {
      is_partial = 1;
      continue;
    }
    const int fd = open_below(root_fd, at[0] ? at : ".", O_RDONLY | O_DIRECTORY, STRICTLY);
    if (fd < 0) continue;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d/.", fd);
    const int number = inotify_add_watch(changes, link, EVENTS);
    if (number < 0) is_partial = 1;
    else keep_folder(number, at);
    if (whole) list_folders(&list, fd, at, is_kept);
    close(fd);
  }
}

// Whether there was something.
static int drain_changes(void) {
  int is_any = 0;
  static char buffer[64 * 1024] __attribute__((aligned(8)));
  for (;;) {
    const ssize_t got = read(changes, buffer, sizeof buffer);
    if (got <= 0) return is_any;
    is_any = 1;
    for (char *at = buffer; at < buffer + got;) {
      const struct inotify_event *event = (void *)at;
      at += sizeof *event + event->len;
      if (event->mask & IN_Q_OVERFLOW) say("missed", "", "", 0, 0, 0);
      const char *folder = folder_of(event->wd);
      if (event->mask & IN_IGNORED) drop_folder(event->wd);
      if (!folder || event->len == 0) continue;
      char path[2 * PATH_MAX];
      snprintf(path, sizeof path, "%s%s%s", folder, folder[0] ? "/" : "", event->name);
      if (moved.cookie && !(event->mask & IN_MOVED_TO)) settle_moved();
      if (event->mask & IN_MOVED_FROM) {
        moved.cookie = event->cookie;
        moved.is_folder = (event->mask & IN_ISDIR) != 0;
        snprintf(moved.path, sizeof moved.path, "%s", path);
      } else if (event->mask & IN_MOVED_TO) arrived(path, event->mask, event->cookie);
      else changed(path, event->mask);
    }
  }
}
