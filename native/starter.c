// Starts small programs of ours for the host. A process as large as the host takes the kernel long to
// fork, and the host stands still meanwhile; this one is small, and waits.
//
//   starter          started by Cloche, with a channel of Node's child_process
//
// stdin: requests, each a number that names it, a KIND and the length of its words (uint32 each), then the
// words, each ended by a zero byte: program and arguments. KIND is one of
//   0  stdin and stdout of the program are one socket
//   1  stdout and stderr of the program are one socket
//   2  as 1, and it has this channel as well, with the number in CLOCHE_NUMBER: it reads nothing from it
//   3  kills what was started under that number, unless it has ended
// The channel: the host's end of that socket, or why there is none, and how the program ended; in words and
// by the rules of Node. The host's answers there mean nothing to us.
//
// The end of stdin is our end. What was started then sees the end of its own socket: nothing of a host that
// was killed stays.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "node-channel.h"

enum { PIPED, WORDS, CHANNEL, KILL };
enum { MOST_BYTES = 1024 * 1024, MOST_WORDS = 4096, MOST_PROGRAMS = 1024 };

struct request {
  uint32_t number, kind, bytes;
};

static struct {
  uint32_t number;
  pid_t pid;
} programs[MOST_PROGRAMS];
static int count, channel;
static const int OURS[] = {SIGINT, SIGHUP, SIGTERM, SIGPIPE, SIGCHLD};

static void tell(const char *line, int handle) {
  while (send_message(channel, line, handle) < 0) {
    if (errno != EAGAIN && errno != EINTR) exit(1);
    struct pollfd wanted = {.fd = channel, .events = POLLOUT};
    poll(&wanted, 1, -1);
  }
}

static void failed(uint32_t number, int cause) {
  char line[160];
  snprintf(line, sizeof line, "{\"number\":%u,\"failed\":\"%s\"}\n", number, strerror(cause));
  tell(line, -1);
}

// 0, or why it does not run. `theirs`: the program's end of the socket.
static int spawn(const struct request *asked, char **words, int theirs, pid_t *pid) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  for (size_t at = 0; at < sizeof OURS / sizeof *OURS; at++) sigaddset(&usual, OURS[at]);
  if (posix_spawn_file_actions_init(&files) || posix_spawnattr_init(&how)) return ENOMEM;
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask(&how, &none);
  posix_spawnattr_setsigdefault(&how, &usual);
  if (asked->kind == PIPED) posix_spawn_file_actions_adddup2(&files, theirs, 0);
  else posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, theirs, 1);
  if (asked->kind == PIPED) posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  else posix_spawn_file_actions_adddup2(&files, theirs, 2);
  // On itself: it stays open in the program.
  if (asked->kind == CHANNEL) posix_spawn_file_actions_adddup2(&files, channel, channel);
  char number[16], place[16];
  snprintf(number, sizeof number, "%u", asked->number);
  snprintf(place, sizeof place, "%d", channel);
  if (asked->kind == CHANNEL) setenv("CLOCHE_NUMBER", number, 1), setenv("NODE_CHANNEL_FD", place, 1);
  const int cause = posix_spawnp(pid, words[0], &files, &how, words, environ);
  unsetenv("CLOCHE_NUMBER");
  unsetenv("NODE_CHANNEL_FD");
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&how);
  return cause;
}

static void start(const struct request *asked, char **words) {
  int ends[2];
  pid_t pid;
  if (count == MOST_PROGRAMS) return failed(asked->number, EAGAIN);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return failed(asked->number, errno);
  const int cause = spawn(asked, words, ends[1], &pid);
  close(ends[1]);
  if (cause == 0) {
    programs[count].number = asked->number;
    programs[count++].pid = pid;
    char line[128];
    snprintf(line, sizeof line, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":{\"number\":%u}}\n", asked->number);
    tell(line, ends[0]);
  } else failed(asked->number, cause);
  close(ends[0]);
}

static void reap(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
    for (int at = 0; at < count; at++) {
      if (programs[at].pid != pid) continue;
      char line[96], code[16] = "null";
      if (WIFEXITED(status)) snprintf(code, sizeof code, "%d", WEXITSTATUS(status));
      snprintf(line, sizeof line, "{\"number\":%u,\"code\":%s}\n", programs[at].number, code);
      programs[at] = programs[--count];
      tell(line, -1);
      break;
    }
}

// What has not been waited for keeps its pid: nobody else is meant by it.
static void end(uint32_t number) {
  for (int at = 0; at < count; at++)
    if (programs[at].number == number) kill(programs[at].pid, SIGKILL);
}

static void carry_out(const struct request *asked, char *bytes) {
  static char *words[MOST_WORDS + 1];
  size_t many = 0;
  if (asked->kind == KILL) return end(asked->number);
  for (char *at = bytes; at < bytes + asked->bytes && many < MOST_WORDS; at += strlen(at) + 1) words[many++] = at;
  words[many] = NULL;
  if (many == 0 || many == MOST_WORDS) return failed(asked->number, E2BIG);
  start(asked, words);
}

// All of `size` bytes; a host that is gone ends us.
static void take(void *into, size_t size) {
  for (size_t got = 0; got < size;) {
    const ssize_t part = read(0, (char *)into + got, size - got);
    if (part == 0 || (part < 0 && errno != EINTR)) exit(0);
    if (part > 0) got += (size_t)part;
  }
}

int main(void) {
  static char bytes[MOST_BYTES + 1], answers[4096];
  const char *given = getenv("NODE_CHANNEL_FD");
  if (!given) return fprintf(stderr, "it is started by Cloche, with a channel\n"), 1;
  channel = atoi(given);
  unsetenv("NODE_CHANNEL_FD");
  unsetenv("NODE_CHANNEL_SERIALIZATION_MODE");
  fcntl(channel, F_SETFD, FD_CLOEXEC);
  // Ctrl-C in a terminal reaches us too; the host decides what ends.
  for (size_t at = 0; at < sizeof OURS / sizeof *OURS; at++)
    if (OURS[at] != SIGCHLD) signal(OURS[at], SIG_IGN);
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ended, NULL);
  const int endings = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
  tell("{\"ready\":true}\n", -1);
  struct pollfd seen[] = {{.fd = 0, .events = POLLIN}, {.fd = channel, .events = POLLIN}, {.fd = endings, .events = POLLIN}};
  for (;;) {
    if (poll(seen, 3, -1) < 0) continue;
    if (seen[2].revents) {
      struct signalfd_siginfo which;
      while (read(endings, &which, sizeof which) > 0) continue;
      reap();
    }
    if (seen[1].revents && recv(channel, answers, sizeof answers, MSG_DONTWAIT) == 0) return 0;
    if (!seen[0].revents) continue;
    struct request asked;
    take(&asked, sizeof asked);
    if (asked.bytes > MOST_BYTES) return 1;
    take(bytes, asked.bytes);
    bytes[asked.bytes] = 0;
    carry_out(&asked, bytes);
  }
}
