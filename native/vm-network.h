// The gateway's ends in a virtual machine: what sandbox-network.c makes is accepted here, and goes over
// the line to vm-runner.c as it came.
#pragma once
#include "vm-host.h"

static int proxy = -1, direct[2] = {-1, -1}, resolver = -1;
static struct { uint32_t id; struct sockaddr_in from; } askers[MOST_ASKERS];

// By whoever started the machine.
static int is_told(const char *word) {
  size_t size;
  char *words = read_whole("/proc/cmdline", 4096, &size);
  const int found = words && strstr(words, word) != 0;
  free(words);
  return found;
}

static void take_network(void) {
  struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/network.sock"};
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (void *)&at, sizeof at) != 0 || listen(listener, 1) != 0) give_up("the network", "");
  char port[2][8];
  snprintf(port[0], sizeof port[0], "%d", PROXY_PORT);
  snprintf(port[1], sizeof port[1], "%d", is_told("cloche.direct=off") ? 0 : DIRECT_PORT);
  const int owners = open_port("cloche.owners");
  char own[16];
  snprintf(own, sizeof own, "%d", owners);
  fcntl(owners, F_SETFD, 0);
  start((const char *const[]){"/network", "here", port[0], port[1], at.sun_path, "/owners", own, 0}, -1);
  const int peer = accept4(listener, 0, 0, SOCK_CLOEXEC);
  close(owners);
  for (;;) {
    char words[512] = {0}, rights[CMSG_SPACE(sizeof(int))];
    struct iovec data = {.iov_base = words, .iov_len = sizeof words - 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = rights, .msg_controllen = sizeof rights};
    if (recvmsg(peer, &message, MSG_CMSG_CLOEXEC) <= 0) give_up("the network", "");
    const struct cmsghdr *given = CMSG_FIRSTHDR(&message);
    int fd = -1;
    if (given && given->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(given), sizeof fd);
    if (fd >= 0) unblock(fd);
    if (strstr(words, "\"msg\":\"proxy\"")) proxy = fd;
    else if (strstr(words, "\"msg\":\"direct\"")) direct[direct[0] >= 0] = fd;
    else if (strstr(words, "\"msg\":\"resolver\"")) resolver = fd;
    else {
      // The last word, and why there is no way for direct connections, if there is none.
      const char *reason = strstr(words, "\"reason\":\"");
      if (reason) send_message(0, UNSERVED, reason + 10, strcspn(reason + 10, "\""));
      break;
    }
    write_all(peer, "{}\n", 3);
  }
  close(peer);
  close(listener);
  unlink(at.sun_path);
}

static void accept_all(int listener) {
  for (int fd; listener >= 0 && (fd = accept4(listener, 0, 0, SOCK_CLOEXEC)) >= 0;) {
    struct sockaddr_storage own, peer;
    socklen_t size = sizeof own, peer_size = sizeof peer;
    struct address to = {0};
    if (getsockname(fd, (void *)&own, &size) != 0 || getpeername(fd, (void *)&peer, &peer_size) != 0) {
      close(fd);
      continue;
    }
    const struct sockaddr_in *v4[] = {(void *)&own, (void *)&peer};
    const struct sockaddr_in6 *v6[] = {(void *)&own, (void *)&peer};
    const int is6 = own.ss_family == AF_INET6;
    to.family = is6 ? 6 : 4;
    to.port = ntohs(is6 ? v6[0]->sin6_port : v4[0]->sin_port);
    to.own_port = ntohs(is6 ? v6[1]->sin6_port : v4[1]->sin_port);
    memcpy(to.bytes, is6 ? (void *)&v6[0]->sin6_addr : (void *)&v4[0]->sin_addr, is6 ? 16 : 4);
    memcpy(to.own, is6 ? (void *)&v6[1]->sin6_addr : (void *)&v4[1]->sin_addr, is6 ? 16 : 4);
    const struct stream *s = new_stream(fd, 0, OPENED_INSIDE, 0);
    if (s) send_frame(OPEN, s->id, &to, sizeof to);
    else close(fd);
  }
}

static void ask_names(void) {
  static uint32_t last;
  char question[4096];
  struct sockaddr_in from;
  socklen_t size = sizeof from;
  for (ssize_t got; (got = recvfrom(resolver, question, sizeof question, 0, (void *)&from, &size)) > 0; size = sizeof from) {
    const uint32_t id = ++last;
    askers[id % MOST_ASKERS].id = id;
    askers[id % MOST_ASKERS].from = from;
    send_frame(ASK, id, question, (size_t)got);
  }
}

static void dial(uint32_t id, uint16_t port) {
  const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // The loopback answers at once. Development servers listen on one family or the other.
  if (other >= 0 && connect(other, (void *)&v4, sizeof v4) == 0) {
    close(fd);
    take_place(id, other, 0);
  } else if (fd >= 0 && connect(fd, (void *)&v6, sizeof v6) == 0) {
    close(other);
    take_place(id, fd, 0);
  } else {
    close(fd);
    close(other);
    send_frame(RESET, id, 0, 0);
  }
}
