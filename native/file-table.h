// What is known of the files and folders below a root, by their relative paths. After call-paths.h.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAME_BYTES = 24, ABSENT = -1, UNKNOWN = -2, BUCKETS = 1 << 14, MOST_FILES = 200000, MOST_NAMED = 64 << 20 };
#define SAME "="

struct content {
  char name[NAME_BYTES];  // empty: not kept; SAME: as it was last told
  long long bytes;
};

// By which it is seen that a file is as it was.
struct mark {
  ino_t number;
  off_t size;
  struct timespec changed;
};

static int is_same(const struct mark *a, const struct mark *b) {
  return a->number == b->number && a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
         a->changed.tv_nsec == b->changed.tv_nsec;
}

struct file {
  struct file *next;  // of its bucket
  struct list *list;  // of what is still to be told; 0: none
  struct file *later, *earlier;
  long long since_ms;
  pid_t pid;  // who was about to change it; 0: nobody is known
  unsigned long long ticks;
  int is_shared, is_closed, has_before, is_new, is_changed;
  struct content before;
  struct mark mark;
  char path[];
};

static struct file *buckets[BUCKETS];
// How many there are, and the bytes of their paths: a program can name files that are not there.
static size_t files, named;

static struct file **place_of(const char *path) {
  uint32_t hash = 2166136261u;
  for (const char *at = path; *at; at++) hash = (hash ^ (unsigned char)*at) * 16777619u;
  struct file **place = &buckets[hash % BUCKETS];
  while (*place && strcmp((*place)->path, path) != 0) place = &(*place)->next;
  return place;
}

static struct file *find_file(const char *path, int make) {
  struct file **place = place_of(path);
  const size_t size = strlen(path) + 1;
  if (*place || !make || files >= MOST_FILES || named + size > MOST_NAMED) return *place;
  struct file *file = calloc(1, sizeof *file + size);
  if (!file) return 0;
  memcpy(file->path, path, size);
  file->before.bytes = UNKNOWN;
  files++;
  named += size;
  return *place = file;
}

// Files that are otherwise than was told, in the order in which they came: to be told at once, or when
// nothing more happened to them for a while.
static struct list {
  struct file *first, *last;
  size_t count;
} closed, lasting;

static int has_any(const struct list *list) { return list->first != 0; }
static int is_listed(const struct file *file) { return file->list != 0; }
static int is_closed_list(const struct file *file) { return file->list == &closed; }

static void unlist(struct file *file) {
  struct list *list = file->list;
  if (!list) return;
  *(file->earlier ? &file->earlier->later : &list->first) = file->later;
  *(file->later ? &file->later->earlier : &list->last) = file->earlier;
  list->count--;
  file->later = file->earlier = 0;
  file->list = 0;
}

static void list(struct list *list, struct file *file, long long since_ms) {
  unlist(file);
  file->list = list;
  file->since_ms = since_ms;
  file->earlier = list->last;
  *(list->last ? &list->last->later : &list->first) = file;
  list->last = file;
  list->count++;
}

static void forget_file(struct file *file) {
  unlist(file);
  struct file **place = place_of(file->path);
  *place = file->next;
  files--;
  named -= strlen(file->path) + 1;
  free(file);
}

// ---- watched folders, by the number of their watch ----

static char **folders;
static int folder_room, folder_count, last_folder = -1;

static const char *folder_of(int number) { return number >= 0 && number < folder_room ? folders[number] : 0; }
static int count_folders(void) { return folder_count; }

static void drop_folder(int number) {
  if (!folder_of(number)) return;
  free(folders[number]);
  folders[number] = 0;
  folder_count--;
}

static void keep_folder(int number, const char *path) {
  if (number >= folder_room) {
    const int room = number * 2 + 64;
    char **more = realloc(folders, (size_t)room * sizeof *folders);
    if (!more) return;
    memset(more + folder_room, 0, (size_t)(room - folder_room) * sizeof *folders);
    folders = more;
    folder_room = room;
  }
  drop_folder(number);
  folders[number] = strdup(path);
  last_folder = number;
  folder_count += folders[number] != 0;
}

// The last one is mostly the next one too.
static int is_last_folder(const char *path) {
  const char *known = folder_of(last_folder);
  return known && strcmp(known, path) == 0;
}

static void move_folders(const char *from, const char *to) {
  for (int number = 0; number < folder_room; number++) {
    const char *rest = folders[number] ? below(folders[number], from) : 0;
    if (!rest) continue;
    char *path = malloc(strlen(to) + strlen(rest) + 1);
    if (!path) continue;
    strcat(strcpy(path, to), rest);
    free(folders[number]);
    folders[number] = path;
  }
}

static void forget_folders(int changes, const char *path) {
  for (int number = 0; number < folder_room; number++)
    if (folders[number] && below(folders[number], path)) {
      inotify_rm_watch(changes, number);
      drop_folder(number);
    }
}

// ---- folders that are still to be watched ----

struct folder_list {
  char **paths;
  size_t count, room;
};

static void push_folder(struct folder_list *list, const char *path) {
  if (list->count == list->room) {
    list->room = list->room * 2 + 16;
    list->paths = realloc(list->paths, list->room * sizeof *list->paths);
    if (!list->paths) abort();
  }
  list->paths[list->count++] = strdup(path);
}

static char *pop_folder(struct folder_list *list) {
  if (list->count > 0) return list->paths[--list->count];
  free(list->paths);
  return 0;
}

// Those in an open folder whose contents are of interest.
static void list_folders(struct folder_list *list, int fd, const char *path, int (*is_wanted)(const char *)) {
  DIR *entries = fdopendir(dup(fd));
  if (!entries) return;
  for (struct dirent *entry; (entry = readdir(entries));) {
    if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) continue;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char inner[2 * 4096];
    snprintf(inner, sizeof inner, "%s%s%s/", path, path[0] ? "/" : "", entry->d_name);
    if (!is_wanted(inner)) continue;
    inner[strlen(inner) - 1] = 0;
    push_folder(list, inner);
  }
  closedir(entries);
}
