// Stands between Node's channel and a program in a container: sockets can be handed to Node only by a
// child it started itself, so this child passes on what the program sends, descriptors and all.
//
//   channel-relay SOCKET     takes one connection at that path, then removes it
//
// Ends when either side does, or when nobody came.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAIT_MS = 20000 };

static void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static void wait_for(int fd, short events) {
  struct pollfd wanted = {.fd = fd, .events = events};
  if (poll(&wanted, 1, WAIT_MS) == 1) return;
  errno = ETIMEDOUT;
  die("the channel");
}

static int accept_one(const char *path) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof at.sun_path) errno = ENAMETOOLONG, die(path);
  strcpy(at.sun_path, path);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Its folder is ours alone; in the container somebody else without privileges comes to it.
  if (listener < 0 || bind(listener, (void *)&at, sizeof at) != 0 || chmod(path, 0666) != 0) die(path);
  if (listen(listener, 1) != 0) die(path);
  wait_for(listener, POLLIN);
  const int peer = accept4(listener, 0, 0, SOCK_CLOEXEC);
  if (peer < 0) die(path);
  close(listener);
  unlink(path);
  return peer;
}

// One message; 0 when `from` has ended.
static int pass(int from, int to) {
  char bytes[4096], control[CMSG_SPACE(8 * sizeof(int))];
  struct iovec data = {.iov_base = bytes, .iov_len = sizeof bytes};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  const ssize_t got = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
  if (got <= 0) return 0;
  int handles[8];
  size_t count = 0;
  const struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS) {
    count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(handles, CMSG_DATA(rights), count * sizeof(int));
  }
  data.iov_len = (size_t)got;
  int is_over = 0;
  while (data.iov_len > 0 && !is_over) {
    const ssize_t sent = sendmsg(to, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) wait_for(to, POLLOUT);
    else if (sent < 0 && errno != EINTR) is_over = 1;
    if (sent <= 0) continue;
    data.iov_base = (char *)data.iov_base + sent;
    data.iov_len -= (size_t)sent;
    // The rest of a message goes without the descriptors: they went with its beginning.
    message.msg_control = 0;
    message.msg_controllen = 0;
  }
  for (size_t i = 0; i < count; i++) close(handles[i]);
  return !is_over;
}

int main(int argc, char **argv) {
  const char *end = getenv("NODE_CHANNEL_FD");
  if (argc != 2 || !end) return fputs("it is started by Cloche, with a channel\n", stderr), 1;
  const int node = atoi(end), program = accept_one(argv[1]);
  struct pollfd ends[] = {{.fd = node, .events = POLLIN}, {.fd = program, .events = POLLIN}};
  while (poll(ends, 2, -1) > 0 || errno == EINTR) {
    if (ends[1].revents && !pass(program, node)) return 0;
    if (ends[0].revents && !pass(node, program)) return 0;
  }
  return 0;
}
