// First process of a container of Cloche's, and the door for programs that are started in it later.
//
//   container-init boot SOCKET FILTER OBSERVER -- PROGRAM ARGUMENT...
//     Connects to the host at SOCKET, takes variables from there, and starts PROGRAM under FILTER with
//     the connection at descriptors 8 (words of the host) and 9 (words to it). Collects orphans. Ends
//     when PROGRAM does, with its code, or at once when the host's end of the connection closes: then
//     nobody watches any more, and the kernel ends all other processes of the container with it.
//     OBSERVER is the socket of who is told of changes of files; a minus: nobody is.
//   container-init run FILTER -- PROGRAM ARGUMENT...
//     Becomes PROGRAM under FILTER.
//   container-init enter FILTER -- PROGRAM...
//     Becomes the first of these programs that is there, under FILTER. Before it does, it stops itself;
//     the host looks at it then, and lets it go on (SIGCONT) only where it is as the agent is.
//   container-init connect PORT
//     Carries standard input and output to a port of the container's loopback.
//
// FILTER is a file of struct sock_filter, the same one the OS sandbox uses; it comes on top of the
// engine's own. A failure is one line on standard error and code 125.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "program-filter.h"
#include "write-notices.h"

enum { FAILED = 125, FROM_HOST = 8, TO_HOST = 9, MOST_VARIABLES = 4 * 1024 * 1024 };

static void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(FAILED);
}

static void apply_filter(const char *path) {
  struct sock_fprog program;
  if (read_filter(path, &program) != 0) die(path);
  if (set_filter(&program) != 0) die("the system-call filter");
  free(program.filter);
}

static void read_whole(int fd, void *to, size_t size) {
  for (size_t got = 0; got < size;) {
    const ssize_t part = read(fd, (char *)to + got, size - got);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) die("the host");
    got += (size_t)part;
  }
}

// A number of bytes, most significant first, and as many of NAME=VALUE, each ended by a zero. They
// come this way because an engine keeps what it is told on disk and shows it.
static void take_variables(int host) {
  uint32_t size;
  read_whole(host, &size, sizeof size);
  size = ntohl(size);
  if (size > MOST_VARIABLES) errno = E2BIG, die("the variables");
  char *words = malloc(size + 1);
  if (!words) die("the variables");
  read_whole(host, words, size);
  words[size] = 0;
  // putenv keeps the text itself.
  for (char *at = words; at < words + size; at += strlen(at) + 1) putenv(at);
}

static void start(char **argv, int host, const sigset_t *before) {
  // The terminal's foreground, so that its keys are the program's and not ours.
  signal(SIGTTOU, SIG_IGN);
  setpgid(0, 0);
  if (isatty(0)) tcsetpgrp(0, getpid());
  signal(SIGTTOU, SIG_DFL);
  sigprocmask(SIG_SETMASK, before, 0);
  if (dup2(host, FROM_HOST) < 0 || dup2(host, TO_HOST) < 0) die("the host");
  execv(argv[0], argv);
  die(argv[0]);
}

static int boot(const char *socket_path, const char *filter, const char *observer, char **argv) {
  const int host = reach(socket_path, SOCK_STREAM);
  if (host < 0) die("the host");
  take_variables(host);
  // Our own filter lets no second one have notices.
  if (strcmp(observer, "-") != 0 && be_observed(observer) > 0) die("the observer of files");
  apply_filter(filter);
  sigset_t watched, before;
  sigemptyset(&watched);
  for (const int *s = (const int[]){SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, 0}; *s; s++)
    sigaddset(&watched, *s);
  sigprocmask(SIG_BLOCK, &watched, &before);
  const int signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
  const pid_t child = fork();
  if (signals < 0 || child < 0) die("the program");
  if (child == 0) start(argv, host, &before);
  struct pollfd events[] = {{.fd = host, .events = POLLRDHUP}, {.fd = signals, .events = POLLIN}};
  for (;;) {
    if (poll(events, 2, -1) < 0 && errno != EINTR) die("waiting");
    if (events[0].revents & (POLLRDHUP | POLLHUP | POLLERR)) return 128 + SIGKILL;
    struct signalfd_siginfo told;
    while (read(signals, &told, sizeof told) == sizeof told) {
      if (told.ssi_signo != SIGCHLD) kill(child, (int)told.ssi_signo);
      int status;
      for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;)
        if (ended == child) return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
  }
}

static int connect_local(uint16_t port) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (void *)&v4, sizeof v4) == 0) return fd;
  close(fd);
  // Development servers listen on one family or the other, seldom on both.
  fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return fd >= 0 && connect(fd, (void *)&v6, sizeof v6) == 0 ? fd : -1;
}

static int carry(uint16_t port) {
  const int peer = connect_local(port);
  if (peer < 0) die("the port");
  signal(SIGPIPE, SIG_IGN);
  char bytes[65536];
  struct pollfd ends[] = {{.fd = 0, .events = POLLIN}, {.fd = peer, .events = POLLIN}};
  while (ends[1].fd >= 0 && (poll(ends, 2, -1) > 0 || errno == EINTR))
    for (int i = 0; i < 2; i++) {
      if (ends[i].fd < 0 || !(ends[i].revents & (POLLIN | POLLHUP | POLLERR))) continue;
      const ssize_t got = read(ends[i].fd, bytes, sizeof bytes);
      for (ssize_t sent = 0; sent < got;) {
        const ssize_t part = write(i == 0 ? peer : 1, bytes + sent, (size_t)(got - sent));
        if (part <= 0) return 0;
        sent += part;
      }
      if (got > 0) continue;
      if (i == 0) shutdown(peer, SHUT_WR);
      ends[i].fd = -1;
    }
  return 0;
}

static int enter(const char *filter, char **programs) {
  while (programs[1] && access(*programs, X_OK) != 0) programs++;
  apply_filter(filter);
  raise(SIGSTOP);
  char *argv[] = {*programs, NULL};
  execv(*programs, argv);
  die(*programs);
  return FAILED;
}

static int is(const char *word, const char *wanted) { return strcmp(word, wanted) == 0; }

int main(int argc, char **argv) {
  if (argc >= 7 && is(argv[1], "boot") && is(argv[5], "--")) return boot(argv[2], argv[3], argv[4], argv + 6);
  if (argc >= 5 && is(argv[1], "run") && is(argv[3], "--")) {
    apply_filter(argv[2]);
    execv(argv[4], argv + 4);
    die(argv[4]);
  }
  if (argc >= 5 && is(argv[1], "enter") && is(argv[3], "--")) return enter(argv[2], argv + 4);
  if (argc == 3 && is(argv[1], "connect")) return carry((uint16_t)atoi(argv[2]));
  fprintf(stderr, "container-init boot SOCKET FILTER OBSERVER -- ... | run FILTER -- ... | enter FILTER -- ... | connect PORT\n");
  return FAILED;
}
