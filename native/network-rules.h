// Building blocks of the programs that work in a sandbox's network: entering it, netlink messages,
// and rules of nf_tables. Each program is one file with this in it.
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 5000

static inline void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static inline long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

// The network first: it is found by a path that the user namespace may not change. Nothing is done
// where this process is there already.
static inline void enter_network(const char *pid) {
  char path[64];
  struct stat theirs, ours;
  snprintf(path, sizeof path, "/proc/%s/ns/net", pid);
  const int net = open(path, O_RDONLY | O_CLOEXEC);
  if (net < 0 || fstat(net, &theirs) != 0 || stat("/proc/self/ns/net", &ours) != 0) die(path);
  if (theirs.st_ino == ours.st_ino) return;
  snprintf(path, sizeof path, "/proc/%s/ns/user", pid);
  const int user = open(path, O_RDONLY | O_CLOEXEC);
  if (user < 0 || setns(user, CLONE_NEWUSER) != 0) die(path);
  if (setns(net, CLONE_NEWNET) != 0) die("the network of the sandbox");
  close(user);
  close(net);
}

// ---- netlink: messages are built one after the other and sent in one piece ----

static unsigned char message[8192];
static size_t length;

static inline void *append(const void *data, size_t size) {
  const size_t padded = NLMSG_ALIGN(size);
  if (length + padded > sizeof message) {
    errno = ENOBUFS;
    die("a netlink message");
  }
  void *at = message + length;
  memset(at, 0, padded);
  if (data) memcpy(at, data, size);
  length += padded;
  return at;
}

static inline size_t open_message(uint16_t type, uint16_t flags, const void *head, size_t size) {
  const size_t at = length;
  const struct nlmsghdr header = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags};
  append(&header, sizeof header);
  append(head, size);
  return at;
}

static inline void close_message(size_t at) { ((struct nlmsghdr *)(message + at))->nlmsg_len = length - at; }

static inline void attribute(uint16_t type, const void *data, size_t size) {
  const struct nlattr header = {.nla_len = NLA_HDRLEN + size, .nla_type = type};
  append(&header, sizeof header);
  append(data, size);
}

static inline void text(uint16_t type, const char *value) { attribute(type, value, strlen(value) + 1); }

static inline void number(uint16_t type, uint32_t value) {
  value = htonl(value);
  attribute(type, &value, sizeof value);
}

static inline size_t open_nest(uint16_t type) {
  const size_t at = length;
  const struct nlattr header = {.nla_type = type | NLA_F_NESTED};
  append(&header, sizeof header);
  return at;
}

static inline void close_nest(size_t at) { ((struct nlattr *)(message + at))->nla_len = length - at; }

// Sends what was built; 0, or the error of the first message that was refused.
static inline int submit(int protocol, int answers) {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  const struct timeval limit = {.tv_sec = WAIT_MS / 1000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  int failed = 0;
  if (fd < 0 || sendto(fd, message, length, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
    failed = errno;
  length = 0;
  while (!failed && answers > 0) {
    unsigned char reply[8192];
    const ssize_t got = recv(fd, reply, sizeof reply, 0);
    if (got < 0) failed = errno;
    int left = got < 0 ? 0 : (int)got;
    for (struct nlmsghdr *at = (void *)reply; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
      if (at->nlmsg_type != NLMSG_ERROR) continue;
      answers--;
      const int error = ((struct nlmsgerr *)NLMSG_DATA(at))->error;
      if (error && !failed) failed = -error;
    }
  }
  if (fd >= 0) close(fd);
  return failed;
}

// ---- rules ----

static inline size_t open_table_message(uint16_t type) {
  const struct nfgenmsg head = {.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0};
  return open_message((NFNL_SUBSYS_NFTABLES << 8) | type, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK,
                      &head, sizeof head);
}

static inline void batch(uint16_t type) {
  const struct nfgenmsg head = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};
  close_message(open_message(type, 0, &head, sizeof head));
}

static size_t element, expression;

static inline void open_expression(const char *name) {
  element = open_nest(NFTA_LIST_ELEM);
  text(NFTA_EXPR_NAME, name);
  expression = open_nest(NFTA_EXPR_DATA);
}

static inline void close_expression(void) {
  close_nest(expression);
  close_nest(element);
}

static inline void value(uint16_t type, const void *data, size_t size) {
  const size_t at = open_nest(type);
  attribute(NFTA_DATA_VALUE, data, size);
  close_nest(at);
}

static inline void compare(uint32_t operation, const void *data, size_t size) {
  open_expression("cmp");
  number(NFTA_CMP_SREG, NFT_REG_1);
  number(NFTA_CMP_OP, operation);
  value(NFTA_CMP_DATA, data, size);
  close_expression();
}

static inline void meta_is(uint32_t key, uint8_t wanted) {
  open_expression("meta");
  number(NFTA_META_KEY, key);
  number(NFTA_META_DREG, NFT_REG_1);
  close_expression();
  compare(NFT_CMP_EQ, &wanted, sizeof wanted);
}

static inline void destination_is_not(uint32_t offset, const void *data, size_t size) {
  open_expression("payload");
  number(NFTA_PAYLOAD_DREG, NFT_REG_1);
  number(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
  number(NFTA_PAYLOAD_OFFSET, offset);
  number(NFTA_PAYLOAD_LEN, size);
  close_expression();
  compare(NFT_CMP_NEQ, data, size);
}

static inline void load(uint32_t into, const void *data, size_t size) {
  open_expression("immediate");
  number(NFTA_IMMEDIATE_DREG, into);
  value(NFTA_IMMEDIATE_DATA, data, size);
  close_expression();
}

// TCP to anything but the loopback's own addresses.
static inline void goes_outside(uint8_t family) {
  meta_is(NFT_META_NFPROTO, family);
  meta_is(NFT_META_L4PROTO, IPPROTO_TCP);
  const uint8_t net127 = 127;
  if (family == NFPROTO_IPV4) destination_is_not(16, &net127, 1);
  else destination_is_not(24, &in6addr_loopback, sizeof in6addr_loopback);
}

static inline void add_chain(const char *table, const char *chain, uint32_t hook_number, uint32_t priority) {
  size_t at = open_table_message(NFT_MSG_NEWTABLE);
  text(NFTA_TABLE_NAME, table);
  close_message(at);
  at = open_table_message(NFT_MSG_NEWCHAIN);
  text(NFTA_CHAIN_TABLE, table);
  text(NFTA_CHAIN_NAME, chain);
  const size_t hook = open_nest(NFTA_CHAIN_HOOK);
  number(NFTA_HOOK_HOOKNUM, hook_number);
  number(NFTA_HOOK_PRIORITY, priority);
  close_nest(hook);
  text(NFTA_CHAIN_TYPE, "filter");
  close_message(at);
}
