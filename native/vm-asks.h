// What the host asks the first process of a virtual machine, and its answers.
#pragma once
#include "vm-program.h"

static struct { pid_t pid; int out; uint32_t id; size_t count; char *said; } runs[RUNS];

// Among the program's files, network and users, under its filter, but not in its process table.
static void run_inside(uint32_t id, char **words, size_t count) {
  int out[2], place = 0;
  while (place < RUNS && runs[place].pid > 0) place++;
  if (place == RUNS || pipe2(out, O_CLOEXEC) != 0) {
    send_message(id, RUN, 0, 0);
    return;
  }
  const pid_t child = fork();
  if (child == 0) {
    is_beside = 1;
    static const char *const spaces[] = {"ipc", "uts", "mnt"};
    int all[3];
    for (int i = 0; i < 3; i++) {
      char path[64];
      snprintf(path, sizeof path, "/proc/%d/ns/%s", program, spaces[i]);
      all[i] = open(path, O_RDONLY | O_CLOEXEC);
    }
    for (int i = 0; i < 3; i++)
      if (all[i] < 0 || setns(all[i], 0) != 0) _exit(125);
    const int none = open("/dev/null", O_RDWR);
    dup2(none, 0);
    dup2(out[1], 1);
    dup2(none, 2);
    close_all_from(3);
    control = -1;
    setsid();
    sigset_t no_signals;
    sigemptyset(&no_signals);
    sigprocmask(SIG_SETMASK, &no_signals, 0);
    drop_rights();
    become(words, count);
  }
  close(out[1]);
  unblock(out[0]);
  runs[place].pid = child;
  runs[place].out = out[0];
  runs[place].id = id;
  runs[place].count = 0;
  runs[place].said = malloc(MOST_RUN);
}

static void read_run(int place) {
  for (;;) {
    char rest[4096];
    const int is_full = runs[place].count >= MOST_RUN;
    const ssize_t got = is_full ? read(runs[place].out, rest, sizeof rest)
                                : read(runs[place].out, runs[place].said + runs[place].count, MOST_RUN - runs[place].count);
    if (got < 0) return;
    if (!is_full) runs[place].count += (size_t)got;
    if (got > 0) continue;
    send_message(runs[place].id, RUN, runs[place].said, runs[place].count);
    close(runs[place].out);
    free(runs[place].said);
    runs[place].pid = 0;
    runs[place].out = -1;
    return;
  }
}

static void answer_read(uint32_t id, const char *path, size_t most) {
  size_t size = 0;
  char *bytes = read_whole(path, most > MOST_MESSAGE ? MOST_MESSAGE : most, &size);
  // One byte in front tells whether there is such a file.
  char *whole = malloc(size + 1);
  whole[0] = bytes ? 1 : 0;
  if (bytes) memcpy(whole + 1, bytes, size);
  send_message(id, READ, whole, bytes ? size + 1 : 1);
  free(whole);
  free(bytes);
}

static void answer_link(uint32_t id, const char *path) {
  char target[4097];
  target[0] = 1;
  const ssize_t got = readlink(path, target + 1, sizeof target - 1);
  if (got < 0) target[0] = 0;
  send_message(id, LINK, target, got < 0 ? 1 : (size_t)got + 1);
}

// Names, each ended by a zero; with `has_targets` each is followed by where it leads.
static void answer_list(uint32_t id, uint32_t kind, const char *path, int has_targets) {
  DIR *all = opendir(path);
  char *said = malloc(MOST_MESSAGE);
  size_t count = 1;
  said[0] = all ? 1 : 0;
  for (struct dirent *entry; all && (entry = readdir(all));) {
    if (entry->d_name[0] == '.') continue;
    const size_t size = strlen(entry->d_name) + 1;
    if (count + size + 4200 > MOST_MESSAGE) break;
    memcpy(said + count, entry->d_name, size);
    count += size;
    if (!has_targets) continue;
    const ssize_t got = readlinkat(dirfd(all), entry->d_name, said + count, 4096);
    count += got < 0 ? 0 : (size_t)got;
    said[count++] = 0;
  }
  if (all) closedir(all);
  send_message(id, kind, said, count);
  free(said);
}

// By number and start, as field 22 of its stat has it: the number alone may be another's by now.
static void answer_signal(uint32_t id, const uint32_t *asked) {
  char path[64];
  size_t size = 0;
  snprintf(path, sizeof path, "/proc/%u/stat", asked[0]);
  char *text = read_whole(path, 4096, &size), result = 1;
  const char *at = text ? strrchr(text, ')') : 0;
  for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
  if (at && strtoull(at + 1, 0, 10) == ((uint64_t)asked[2] << 32 | asked[1]) && asked[0] > 1)
    result = kill((pid_t)asked[0], (int)asked[3]) == 0 ? 0 : errno == ESRCH ? 1 : 2;
  free(text);
  send_message(id, SIGNAL, &result, 1);
}

static void set_clock(const uint32_t *asked) {
  const uint64_t ms = (uint64_t)asked[1] << 32 | asked[0];
  const struct timespec now = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
  clock_settime(CLOCK_REALTIME, &now);
}

static char **split(char *data, size_t size, size_t *count) {
  char **words = malloc((size + 1) * sizeof *words);
  *count = 0;
  for (char *at = data; at < data + size; at += strlen(at) + 1) words[(*count)++] = at;
  return words;
}

static void take_message(uint32_t id, uint32_t kind, char *data, size_t size) {
  const uint32_t *numbers = (const uint32_t *)(const void *)data;
  size_t count;
  switch (kind) {
    case PLAN:
      if (plan_words) return;
      plan_words = split(memcpy(malloc(size + 1), data, size + 1), size, &plan_count);
      start_program();
      return;
    case GO: write_all(to_program, "go\n", 3); return;
    case READ: answer_read(id, data + sizeof(uint32_t), numbers[0]); return;
    case LINK: answer_link(id, data); return;
    case LIST: answer_list(id, LIST, data, 0); return;
    case LINKS: answer_list(id, LINKS, data, 1); return;
    case SIGNAL: answer_signal(id, numbers); return;
    case RUN: {
      char **words = split(data, size, &count);
      run_inside(id, words, count);
      free(words);
      return;
    }
    case ASK_TO_END:
      if (program > 0) kill(program, SIGTERM);
      return;
    case STOP:
      if (program > 0) kill(program, SIGKILL);
      sync();
      send_message(id, STOP, 0, 0);
      return;
    case CLOCK: set_clock(numbers); return;
    default: return;
  }
}

static void read_control(void) {
  static char *message;
  static size_t count, room;
  for (;;) {
    if (room - count < ROOM) {
      room = room ? room * 2 : ROOM * 2;
      message = realloc(message, room);
      if (!message) give_up("memory", "");
    }
    const ssize_t got = read(control, message + count, ROOM - 1);
    if (got <= 0) return;
    count += (size_t)got;
    size_t at = 0;
    for (uint32_t head[3]; count - at >= sizeof head;) {
      memcpy(head, message + at, sizeof head);
      if (head[0] > MOST_MESSAGE) give_up("a message", "");
      if (count - at - sizeof head < head[0]) break;
      // Aligned, and with a zero behind it.
      char *copy = calloc(head[0] + 16, 1);
      memcpy(copy, message + at + sizeof head, head[0]);
      take_message(head[1], head[2], copy, head[0]);
      free(copy);
      at += sizeof head + head[0];
    }
    memmove(message, message + at, count - at);
    count -= at;
  }
}
