// Finds sockets of a sandbox by their two ends, for attribution: asks the kernel for exactly one at a
// time (sock_diag), where /proc/PID/net/tcp would walk every connection of the machine.
//
//   socket-owners PID        the network namespace of that process; see sandbox-network.c for entering
//
// stdin: questions, `struct question`; stdout: for each, in order, the inode of the connected socket
// whose own end is the first one, or 0. The end of stdin is our end. A failure is one line on standard
// error and code 1.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

// Addresses of four or sixteen bytes, ports in network order. Also in src/main/backends/socket-owners.ts.
struct question {
  uint8_t family;  // 4 or 6
  uint8_t unused[3];
  uint8_t own_port[2], other_port[2];
  uint8_t own[16], other[16];
};

static void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static void enter(const char *pid) {
  char path[64];
  // The network first: it is found by a path that the user namespace may not change.
  snprintf(path, sizeof path, "/proc/%s/ns/net", pid);
  const int net = open(path, O_RDONLY | O_CLOEXEC);
  struct stat theirs, ours;
  if (net < 0 || fstat(net, &theirs) != 0 || stat("/proc/self/ns/net", &ours) != 0) die(path);
  if (theirs.st_ino == ours.st_ino) return;
  snprintf(path, sizeof path, "/proc/%s/ns/user", pid);
  const int user = open(path, O_RDONLY | O_CLOEXEC);
  if (user < 0 || setns(user, CLONE_NEWUSER) != 0) die(path);
  if (setns(net, CLONE_NEWNET) != 0) die("the network of the sandbox");
  close(user);
  close(net);
}

static uint32_t inode_of(int kernel, const struct question *question) {
  struct {
    struct nlmsghdr head;
    struct inet_diag_req_v2 body;
  } request = {
      .head = {.nlmsg_len = sizeof request, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
      .body = {.sdiag_family = question->family == 4 ? AF_INET : AF_INET6,
               .sdiag_protocol = IPPROTO_TCP,
               .idiag_states = UINT32_MAX,
               .id = {.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
  };
  struct inet_diag_sockid *id = &request.body.id;
  memcpy(&id->idiag_sport, question->own_port, 2);
  memcpy(&id->idiag_dport, question->other_port, 2);
  memcpy(id->idiag_src, question->own, 16);
  memcpy(id->idiag_dst, question->other, 16);
  if (send(kernel, &request, sizeof request, 0) < 0) die("a question to the kernel");
  unsigned char reply[8192];
  const ssize_t got = recv(kernel, reply, sizeof reply, 0);
  if (got < 0) die("an answer of the kernel");
  const struct nlmsghdr *at = (void *)reply;
  if (!NLMSG_OK(at, (size_t)got) || at->nlmsg_type != SOCK_DIAG_BY_FAMILY) return 0;
  const struct inet_diag_msg *found = NLMSG_DATA(at);
  // Where no connection is like that, the kernel offers whatever listens there.
  return found->idiag_state == TCP_LISTEN ? 0 : found->idiag_inode;
}

int main(int argc, char **argv) {
  if (argc != 2) return fputs("socket-owners PID\n", stderr), 1;
  enter(argv[1]);
  const int kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  const struct timeval limit = {.tv_sec = 1};
  if (kernel < 0 || setsockopt(kernel, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) die("sock_diag");
  // Unlike a stream of the C library, whole questions are answered at once and nothing waits.
  struct question questions[256];
  uint32_t inodes[256];
  for (size_t have = 0;;) {
    const ssize_t part = read(0, (char *)questions + have, sizeof questions - have);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) return 0;
    have += (size_t)part;
    const size_t count = have / sizeof *questions, used = count * sizeof *questions;
    for (size_t i = 0; i < count; i++) inodes[i] = inode_of(kernel, &questions[i]);
    for (size_t sent = 0; sent < count * sizeof *inodes;) {
      const ssize_t wrote = write(1, (char *)inodes + sent, count * sizeof *inodes - sent);
      if (wrote < 0) return 0;
      sent += (size_t)wrote;
    }
    memmove(questions, (char *)questions + used, have - used);
    have -= used;
  }
}
