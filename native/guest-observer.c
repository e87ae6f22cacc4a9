// Observes calls of the programs of a virtual machine that may change a file below a folder, in the machine, and
// tells file-changes.c on the host of each before it goes on; where the host wants that, also what they open and
// look for. Started by vm-init.c.
//
//   guest-observer FOLDER ASKED
//     Standard input and output are the line to the host, whose first byte says what is wanted. At the descriptor
//     ASKED comes whoever asks to be observed (write-notices.h).
//
// Ends when the host's end of the line closes: the kernel then refuses what would be told, as nobody watches.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include "call-notices.h"
#include "call-paths.h"
#include "asked-paths.h"

static const char *folder;
static int learns;

// Until the line can be read or written; ends where nobody is at its other end.
static void wait_for(short events) {
  struct pollfd wait = {.fd = 0, .events = events};
  if (poll(&wait, 1, -1) < 0 && errno != EINTR) exit(1);
  if (wait.revents & (POLLHUP | POLLERR)) exit(1);
}

// Blocking, it would wait for ever for a host that has gone.
static void write_whole(const void *bytes, size_t size) {
  for (size_t sent = 0; sent < size;) {
    const ssize_t part = write(1, (const char *)bytes + sent, size - sent);
    if (part > 0) sent += (size_t)part;
    else if (errno == EAGAIN) wait_for(POLLOUT);
    else if (errno != EINTR) exit(1);
  }
}

static char read_byte(void) {
  char byte;
  for (ssize_t got; (got = read(0, &byte, 1)) != 1;) {
    if (got < 0 && errno == EAGAIN) wait_for(POLLIN);
    else if (got == 0 || errno != EINTR) exit(1);
  }
  return byte;
}

// Returns when the host has taken note of it.
static void tell_host(pid_t pid, uint64_t ticks, int how, const char *path) {
  static char words[sizeof(struct told_call) + PATH_MAX];
  const struct told_call call = {.ticks = ticks, .pid = (uint32_t)pid, .how = (uint16_t)how, .size = (uint16_t)strlen(path)};
  memcpy(words, &call, sizeof call);
  memcpy(words + sizeof call, path, call.size);
  write_whole(words, sizeof call + call.size);
  read_byte();
}

static void intends(const struct seccomp_notif *notice, int at, uint64_t text_at, int how) {
  const pid_t task = (pid_t)notice->pid;
  char text[PATH_MAX], path[PATH_MAX];
  if (task <= 0 || read_text(task, text_at, text) != 0 || resolve(task, at, text, how & FOLLOWS, path) != 0) return;
  const char *rest = below(path, folder);
  pid_t pid;
  unsigned long long ticks;
  if (!rest || rest[0] != '/' || identify(task, &pid, &ticks) != 0 || !is_valid(notice->id)) return;
  tell_host(pid, ticks, how & OPENS, rest + 1);
}

// What is not there, for the host to see whether it has it; and files of the folder that are opened.
static void looks_for(pid_t task, int at, uint64_t text_at, int opens) {
  char path[ASKED_ROOM], inside[PATH_MAX];
  if (!learns) return;
  const enum found found = look_inside(task, at, text_at, path, inside);
  if (found == OF_NO_INTEREST) return;
  const char *rest = below(found == IS_FILE ? inside : path, folder);
  const int is_of_folder = rest && rest[0] == '/';
  const int is_told = found == IS_FILE ? opens && is_of_folder : found == IS_ABSENT && !is_of_folder;
  const char *told = found == IS_FILE ? rest + 1 : path;
  pid_t pid;
  unsigned long long ticks;
  if (!is_told || strlen(told) >= PATH_MAX || identify(task, &pid, &ticks) != 0) return;
  tell_host(pid, ticks, found == IS_FILE ? LOOKS | OPENS : LOOKS, told);
}

// Whoever eats the machine's memory is to be ended by its kernel, and not who lets others write.
static void be_kept(void) {
  const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, "-1000", 5) != 5) fprintf(stderr, "the observer of files: %s\n", strerror(errno));
  if (fd >= 0) close(fd);
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "guest-observer FOLDER ASKED\n"), 1;
  folder = argv[1];
  const int asked = atoi(argv[2]);
  be_kept();
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  const char wants = read_byte();
  learns = wants == WANTS_NEEDS;
  if (!take_listener(asked, wants)) return 1;
  close(asked);
  tell_host(0, 0, 0, "");
  for (struct seccomp_notif notice;;) {
    if (!take_notice(&notice)) {
      if (errno == EINTR || errno == ENOENT) continue;
      return 1;
    }
    consider(&notice);
    let_go_on(&notice);
  }
}
