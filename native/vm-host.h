// Building blocks of vm-init.c: files, messages to and from the host, ports, and starting a program.
#pragma once
#include <arpa/inet.h>
#include <dirent.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include "vm-line.h"

enum kind { PLAN = 1, GO, READ, LINK, LIST, LINKS, SIGNAL, RUN, ASK_TO_END, STOP, CLOCK, REPORT = 100, READY, FAILED, UNSERVED };
enum { OF_PROBE = 7, FROM_HOST = 8, TO_HOST = 9, MOST_MESSAGE = 4 * 1024 * 1024, MOST_RUN = 256 * 1024, ROOM = 65536, MOST_ASKERS = 64, RUNS = 4 };
// No program can listen on the port zero.
enum { PROXY_PORT = 3128, DIRECT_PORT = 3129, TERMINALS_PORT = 0 };
#define ROOT "/new"

static int control = -1, terminal = -1, master = -1, slave = -1, to_program = -1, from_program = -1;
static pid_t program;
static char **plan_words;
static size_t plan_count;
static uid_t uid;
static gid_t gid;
static struct sock_fprog filter;

// This process is not the machine's first: what fails in it is no more than its own end.
static int is_beside;

static void stop_machine(void) {
  sync();
  reboot(RB_AUTOBOOT);
  _exit(1);
}

static void send_message(uint32_t id, uint32_t kind, const void *data, size_t size);

static void give_up(const char *what, const char *which) {
  char words[512];
  snprintf(words, sizeof words, "%s %s: %s", what, which, strerror(errno));
  fprintf(stderr, "cloche: %s\r\n", words);
  if (is_beside) _exit(125);
  if (control >= 0) send_message(0, FAILED, words, strlen(words));
  usleep(200000);
  stop_machine();
}

static void make_folders(const char *path, mode_t mode) {
  char part[4096];
  snprintf(part, sizeof part, "%s", path);
  for (char *at = strchr(part + 1, '/'); at; at = strchr(at + 1, '/')) {
    *at = 0;
    mkdir(part, 0755);
    *at = '/';
  }
  mkdir(part, mode);
}

static char *inside(const char *path) {
  static char whole[2][4200];
  static int next;
  next = !next;
  snprintf(whole[next], sizeof whole[next], "%s%s", ROOT, path);
  return whole[next];
}

static void write_file(const char *path, const char *text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (write(fd, text, strlen(text)) < 0) errno = 0;
  close(fd);
}

// The whole of a file of any size; the caller frees it.
static char *read_whole(const char *path, size_t most, size_t *size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char *bytes = malloc(most + 1);
  size_t count = 0;
  while (bytes && count < most) {
    const ssize_t got = read(fd, bytes + count, most - count);
    if (got < 0) {
      free(bytes);
      bytes = 0;
    }
    if (got <= 0) break;
    count += (size_t)got;
  }
  close(fd);
  if (bytes) bytes[count] = 0;
  *size = count;
  return bytes;
}

// By a list of files in their order, one a line.
static void load_modules(const char *list) {
  size_t size;
  char *names = read_whole(list, 65536, &size);
  for (char *name = names ? strtok(names, "\n") : 0; name; name = strtok(0, "\n")) {
    const int fd = open(name, O_RDONLY | O_CLOEXEC);
    // What the kernel has in it already is refused; what is missing is missed where it is used.
    if (fd >= 0) syscall(SYS_finit_module, fd, "", 0);
    close(fd);
  }
  free(names);
}

static void write_all(int fd, const void *data, size_t size) {
  for (size_t sent = 0; sent < size;) {
    const size_t most = size - sent > 32768 ? 32768 : size - sent;
    const ssize_t part = write(fd, (const char *)data + sent, most);
    if (part > 0) sent += (size_t)part;
    else if (errno == EAGAIN) poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 1000);
    else if (errno != EINTR) return;
  }
}

static void send_message(uint32_t id, uint32_t kind, const void *data, size_t size) {
  const uint32_t head[3] = {(uint32_t)size, id, kind};
  char *whole = malloc(sizeof head + size);
  if (!whole) return;
  memcpy(whole, head, sizeof head);
  if (size > 0) memcpy(whole + sizeof head, data, size);
  write_all(control, whole, sizeof head + size);
  free(whole);
}

static int open_port(const char *name) {
  struct dirent *entry;
  for (int tries = 0; tries < 500; tries++, usleep(10000)) {
    DIR *all = opendir("/sys/class/virtio-ports");
    while (all && (entry = readdir(all))) {
      char path[600], found[64] = {0};
      snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
      const int fd = open(path, O_RDONLY | O_CLOEXEC);
      if (fd < 0) continue;
      if (read(fd, found, sizeof found - 1) < 0) found[0] = 0;
      close(fd);
      found[strcspn(found, "\n")] = 0;
      if (strcmp(found, name) != 0) continue;
      snprintf(path, sizeof path, "/dev/%s", entry->d_name);
      closedir(all);
      const int port = open(path, O_RDWR | O_CLOEXEC);
      if (port < 0) give_up("the port", name);
      return port;
    }
    if (all) closedir(all);
  }
  errno = ENODEV;
  give_up("the port", name);
  return -1;
}

static pid_t start(const char *const *argv, int standard) {
  const pid_t child = fork();
  if (child != 0) return child;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  signal(SIGPIPE, SIG_DFL);
  if (standard >= 0 && (dup2(standard, 0) < 0 || dup2(standard, 1) < 0)) _exit(125);
  execv(argv[0], (char *const *)argv);
  _exit(125);
}
