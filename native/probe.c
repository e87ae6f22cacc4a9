// The first program inside a new OS sandbox or virtual machine, in the agent’s own namespaces and under its filter. It tries
// what must fail and says what came of it; it gives no verdict. What it says, and why, is that of
// src/main/backends/probe-script.ts, which is run where this is not built; this asks the kernel itself
// instead of starting a program for each attempt.
//
//   probe DESCRIPTOR SECRET OUTSIDE PORT PROTECTED ADDRESS NAME PROGRAM ARGUMENT...
//
// It is executed from DESCRIPTOR, as nothing of ours can be found inside. It says its findings on descriptor
// 9, tries the network after a line "try" on 8, and becomes PROGRAM after a line "go". Anything else there
// is the end.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OPENED = 7, WORDS = 8, REPORT = 9 };
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif

static FILE *report;

static void say(const char *name, const char *value) { fprintf(report, "%s\t%s\n", name, value); }

// The first line; empty where it cannot be read.
static void say_line(const char *name, const char *path) {
  char line[512] = "";
  FILE *file = fopen(path, "re");
  if (file) {
    if (!fgets(line, sizeof line, file)) line[0] = 0;
    fclose(file);
  }
  line[strcspn(line, "\n")] = 0;
  say(name, line);
}

static int is_written(const char *path) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

static void say_written(const char *name, const char *folder) {
  char path[4096];
  snprintf(path, sizeof path, "%s/.cloche-probe", folder);
  say(name, is_written(path) ? "written" : "refused");
}

// Says for each entry of a folder what `each` prints of it.
static void list(const char *path, void (*each)(const char *folder, const char *name)) {
  DIR *folder = opendir(path);
  if (!folder) return;
  for (const struct dirent *entry; (entry = readdir(folder));)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) each(path, entry->d_name);
  closedir(folder);
}

static int seen;
static int is_process(const char *name) { return name[0] >= '0' && name[0] <= '9'; }
static void count_process(const char *folder, const char *name) {
  (void)folder;
  seen += is_process(name);
}

// One that is listed and closed again is the listing's own.
static void say_descriptor(const char *folder, const char *name) {
  (void)folder;
  const int fd = atoi(name);
  if (fd <= 2 || fd == OPENED || fd == WORDS || fd == REPORT) return;
  char path[64], target[64] = "";
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(path, target, sizeof target - 1);
  char own[64];
  snprintf(own, sizeof own, "/proc/%d/fd", getpid());
  if (length > 0 && strcmp(target, own) == 0) return;
  fprintf(report, " %d", fd);
}

static void say_path(const char *folder, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (access(path, F_OK) == 0) fprintf(report, " %s", path);
}

static void say_name(const char *folder, const char *name) {
  (void)folder;
  fprintf(report, "%s/", name);
}

// Only the names: values are nobody's business.
static void say_variables(const char *folder, const char *name) {
  if (!is_process(name)) return;
  char path[300];
  snprintf(path, sizeof path, "%s/%s/environ", folder, name);
  FILE *file = fopen(path, "re");
  if (!file) return;
  int is_value = 0;
  for (int c; (c = getc(file)) != EOF;) {
    if (c == '\0') {
      if (!is_value) putc(' ', report);
      is_value = 0;
    } else if (!is_value) {
      is_value = c == '=';
      putc(is_value ? ' ' : c, report);
    }
  }
  fclose(file);
}

static void say_all(const char *name, const char *path, void (*each)(const char *, const char *)) {
  fprintf(report, "%s\t", name);
  list(path, each);
  putc('\n', report);
}

static void say_connected(const char *name, const char *address, int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  const int is_there = fd >= 0 && inet_pton(AF_INET, address, &to.sin_addr) == 1 &&
                       connect(fd, (void *)&to, sizeof to) == 0;
  say(name, is_there ? "connected" : "refused");
  if (fd >= 0) close(fd);
}

static void say_address(const char *name) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  char address[128] = "";
  if (getaddrinfo(name, NULL, &hints, &found) == 0 && found)
    getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST);
  if (found) freeaddrinfo(found);
  say("name", address);
}

// By the old way and by the new one.
static int is_mounted(void) {
  if (mount("/tmp", "/tmp", NULL, MS_BIND, NULL) == 0) return 1;
  const long tree = syscall(SYS_open_tree, AT_FDCWD, "/tmp", OPEN_TREE_CLONE | O_CLOEXEC);
  if (tree >= 0) close((int)tree);
  return tree >= 0;
}

static void wait_for(const char *word) {
  char line[16];
  for (size_t got = 0; got < sizeof line; got++) {
    ssize_t part;
    while ((part = read(WORDS, line + got, 1)) < 0 && errno == EINTR) continue;
    if (part != 1) break;
    if (line[got] != '\n') continue;
    line[got] = 0;
    if (strcmp(line, word) == 0) return;
    break;
  }
  exit(125);
}

int main(int argc, char **argv) {
  if (argc < 9) return 125;
  const char *home = getenv("HOME");
  close(atoi(argv[1]));
  prctl(PR_SET_NAME, "cloche-probe");
  report = fdopen(REPORT, "w");
  if (!report) return 125;

  list("/proc", count_process);
  fprintf(report, "processes\t%d\n", seen);
  say_all("descriptors", "/proc/self/fd", say_descriptor);
  say_line("readable", "/etc/hosts");
  say_line("secret", argv[2]);
  is_written(argv[3]);
  say_written("system", "/usr");
  if (argv[5][0]) say_written("protected", argv[5]);
  fprintf(report, "sockets\t");
  list("/run", say_path);
  list("/var/run", say_path);
  if (access("/tmp/.X11-unix", F_OK) == 0) fprintf(report, " /tmp/.X11-unix");
  putc('\n', report);
  say_all("variables", "/proc", say_variables);
  if (home) say_all("home", home, say_name);
  say("mount", is_mounted() ? "made" : "refused");
  fflush(report);

  wait_for("try");
  say_connected("loopback", "127.0.0.1", atoi(argv[4]));
  say_connected("direct", argv[6], 80);
  say_address(argv[7]);
  // Last: whoever can is somebody else afterwards.
  say("namespace", unshare(CLONE_NEWUSER) == 0 ? "made" : "refused");
  say("done", "yes");
  fflush(report);

  wait_for("go");
  close(OPENED);
  close(WORDS);
  fclose(report);
  execvp(argv[8], argv + 8);
  const int cause = errno;
  fprintf(stderr, "%s: %s\n", argv[8], strerror(cause));
  return cause == ENOENT ? 127 : 126;
}
