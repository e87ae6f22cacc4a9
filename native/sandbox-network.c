// Prepares the network of a new sandbox from outside: the listener of the egress gateway, and a way
// to it for programs that know nothing of proxies. Hands the sockets to the process that started it
// and exits; nothing of it stays.
//
//   sandbox-network PID PROXY_PORT DIRECT_PORT
//
// Every address becomes local to the sandbox (a local route to everywhere), and TCP to any of them
// but the loopback's own goes to the listener of direct connections (nf_tables, tproxy). The kernel
// tells the accepted socket the address that was meant. Datagrams find nobody and are refused at
// once; names are asked of a socket at 127.0.0.1:53.
//
// It enters by setns and executes nothing, so an ordinary user who made the sandbox's user
// namespace keeps the rights over its network that this takes. Sockets go over the channel of
// Node's child_process, in its own words. A failure is one line on standard error and code 1;
// without nf_tables only the proxy's listener is handed over, with the reason.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// Also in src/main/egress/direct/names.ts: the first address of the range names are given.
#define OWN_ADDRESS "198.18.0.1"
#define WAIT_MS 5000
#define BACKLOG 511

static void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

static void enter(const char *pid, const char *space, int type) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/ns/%s", pid, space);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, type) != 0) die(path);
  close(fd);
}

// bubblewrap brings it up itself, and fails if somebody else did.
static void wait_for_loopback(void) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_name = "lo"};
  for (const long end = now_ms() + WAIT_MS; now_ms() < end; usleep(500))
    if (ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP)) {
      close(fd);
      return;
    }
  errno = ETIMEDOUT;
  die("the loopback of the sandbox");
}

// ---- netlink: messages are built one after the other and sent in one piece ----

static unsigned char message[8192];
static size_t length;

static void *append(const void *data, size_t size) {
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

static size_t open_message(uint16_t type, uint16_t flags, const void *head, size_t size) {
  const size_t at = length;
  const struct nlmsghdr header = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags};
  append(&header, sizeof header);
  append(head, size);
  return at;
}

static void close_message(size_t at) { ((struct nlmsghdr *)(message + at))->nlmsg_len = length - at; }

static void attribute(uint16_t type, const void *data, size_t size) {
  const struct nlattr header = {.nla_len = NLA_HDRLEN + size, .nla_type = type};
  append(&header, sizeof header);
  append(data, size);
}

static void text(uint16_t type, const char *value) { attribute(type, value, strlen(value) + 1); }

static void number(uint16_t type, uint32_t value) {
  value = htonl(value);
  attribute(type, &value, sizeof value);
}

static size_t open_nest(uint16_t type) {
  const size_t at = length;
  const struct nlattr header = {.nla_type = type | NLA_F_NESTED};
  append(&header, sizeof header);
  return at;
}

static void close_nest(size_t at) { ((struct nlattr *)(message + at))->nla_len = length - at; }

// Sends what was built; 0, or the error of the first message that was refused.
static int submit(int protocol, int answers) {
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

// ---- the table that sends direct connections to the gateway ----

static size_t open_table_message(uint16_t type) {
  const struct nfgenmsg head = {.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0};
  return open_message((NFNL_SUBSYS_NFTABLES << 8) | type, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK,
                      &head, sizeof head);
}

static void batch(uint16_t type) {
  const struct nfgenmsg head = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};
  close_message(open_message(type, 0, &head, sizeof head));
}

static size_t element, expression;

static void open_expression(const char *name) {
  element = open_nest(NFTA_LIST_ELEM);
  text(NFTA_EXPR_NAME, name);
  expression = open_nest(NFTA_EXPR_DATA);
}

static void close_expression(void) {
  close_nest(expression);
  close_nest(element);
}

static void value(uint16_t type, const void *data, size_t size) {
  const size_t at = open_nest(type);
  attribute(NFTA_DATA_VALUE, data, size);
  close_nest(at);
}

static void compare(uint32_t operation, const void *data, size_t size) {
  open_expression("cmp");
  number(NFTA_CMP_SREG, NFT_REG_1);
  number(NFTA_CMP_OP, operation);
  value(NFTA_CMP_DATA, data, size);
  close_expression();
}

static void meta_is(uint32_t key, uint8_t wanted) {
  open_expression("meta");
  number(NFTA_META_KEY, key);
  number(NFTA_META_DREG, NFT_REG_1);
  close_expression();
  compare(NFT_CMP_EQ, &wanted, sizeof wanted);
}

static void destination_is_not(uint32_t offset, const void *data, size_t size) {
  open_expression("payload");
  number(NFTA_PAYLOAD_DREG, NFT_REG_1);
  number(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
  number(NFTA_PAYLOAD_OFFSET, offset);
  number(NFTA_PAYLOAD_LEN, size);
  close_expression();
  compare(NFT_CMP_NEQ, data, size);
}

static void load(uint32_t into, const void *data, size_t size) {
  open_expression("immediate");
  number(NFTA_IMMEDIATE_DREG, into);
  value(NFTA_IMMEDIATE_DATA, data, size);
  close_expression();
}

// TCP to anything but the loopback's own addresses goes to the listener at ADDRESS and PORT.
static void add_rule(uint8_t family, uint16_t port) {
  const size_t at = open_table_message(NFT_MSG_NEWRULE);
  text(NFTA_RULE_TABLE, "cloche");
  text(NFTA_RULE_CHAIN, "direct");
  const size_t list = open_nest(NFTA_RULE_EXPRESSIONS);
  meta_is(NFT_META_NFPROTO, family);
  meta_is(NFT_META_L4PROTO, IPPROTO_TCP);
  const uint8_t net127 = 127;
  if (family == NFPROTO_IPV4) destination_is_not(16, &net127, 1);
  else destination_is_not(24, &in6addr_loopback, sizeof in6addr_loopback);
  const uint32_t loopback = htonl(INADDR_LOOPBACK);
  if (family == NFPROTO_IPV4) load(NFT_REG_1, &loopback, sizeof loopback);
  else load(NFT_REG_1, &in6addr_loopback, sizeof in6addr_loopback);
  port = htons(port);
  load(NFT_REG_2, &port, sizeof port);
  open_expression("tproxy");
  number(NFTA_TPROXY_FAMILY, family);
  number(NFTA_TPROXY_REG_ADDR, NFT_REG_1);
  number(NFTA_TPROXY_REG_PORT, NFT_REG_2);
  close_expression();
  close_nest(list);
  close_message(at);
}

static int add_table(uint16_t port, int has_ipv6) {
  batch(NFNL_MSG_BATCH_BEGIN);
  size_t at = open_table_message(NFT_MSG_NEWTABLE);
  text(NFTA_TABLE_NAME, "cloche");
  close_message(at);
  at = open_table_message(NFT_MSG_NEWCHAIN);
  text(NFTA_CHAIN_TABLE, "cloche");
  text(NFTA_CHAIN_NAME, "direct");
  const size_t hook = open_nest(NFTA_CHAIN_HOOK);
  number(NFTA_HOOK_HOOKNUM, NF_INET_PRE_ROUTING);
  number(NFTA_HOOK_PRIORITY, (uint32_t)-150);
  close_nest(hook);
  text(NFTA_CHAIN_TYPE, "filter");
  close_message(at);
  add_rule(NFPROTO_IPV4, port);
  if (has_ipv6) add_rule(NFPROTO_IPV6, port);
  batch(NFNL_MSG_BATCH_END);
  return submit(NETLINK_NETFILTER, has_ipv6 ? 4 : 3);
}

// ---- every address is local ----

// Programs look for an address besides the loopback's before they ask for any name's.
static int add_address(unsigned lo) {
  struct in_addr own;
  inet_pton(AF_INET, OWN_ADDRESS, &own);
  const struct ifaddrmsg head = {.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = lo};
  const size_t at = open_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &head, sizeof head);
  attribute(IFA_LOCAL, &own, sizeof own);
  attribute(IFA_ADDRESS, &own, sizeof own);
  close_message(at);
  return submit(NETLINK_ROUTE, 1);
}

static int add_route(int family, unsigned lo) {
  const struct rtmsg head = {.rtm_family = family, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
                             .rtm_scope = RT_SCOPE_HOST, .rtm_type = RTN_LOCAL};
  const size_t at = open_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_ACK, &head, sizeof head);
  attribute(RTA_OIF, &lo, sizeof lo);
  if (family == AF_INET) {
    struct in_addr own;
    inet_pton(AF_INET, OWN_ADDRESS, &own);
    attribute(RTA_PREFSRC, &own, sizeof own);
  }
  close_message(at);
  return submit(NETLINK_ROUTE, 1);
}

// ---- sockets ----

// Descriptor, or -1 with errno.
static int listen_at(int family, uint16_t port, int is_direct) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int one = 1;
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};
  const int is6 = family == AF_INET6;
  if (fd < 0) return -1;
  if (is6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) != 0) return -1;
  if (is_direct && (is6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &one, sizeof one)
                        : setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &one, sizeof one)) != 0)
    return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, is6 ? (void *)&v6 : (void *)&v4, is6 ? sizeof v6 : sizeof v4) != 0) return -1;
  return listen(fd, BACKLOG) == 0 ? fd : -1;
}

static int resolver_socket(void) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  return fd >= 0 && bind(fd, (void *)&at, sizeof at) == 0 ? fd : -1;
}

// ---- Node's channel ----

static int channel = -1;

static void wait_for(short events) {
  struct pollfd wanted = {.fd = channel, .events = events};
  if (poll(&wanted, 1, WAIT_MS) == 1) return;
  errno = ETIMEDOUT;
  die("the channel");
}

static void tell(const char *line, int handle) {
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec data = {.iov_base = (void *)line, .iov_len = strlen(line)};
  struct msghdr out = {.msg_iov = &data, .msg_iovlen = 1};
  if (handle >= 0) {
    out.msg_control = control;
    out.msg_controllen = sizeof control;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&out);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &handle, sizeof handle);
  }
  while (sendmsg(channel, &out, MSG_NOSIGNAL) < 0) {
    if (errno != EAGAIN && errno != EINTR) die("the channel");
    wait_for(POLLOUT);
  }
}

// Node takes one handle at a time and says when it has it.
static void hand_over(const char *type, const char *name, int handle) {
  char line[160];
  snprintf(line, sizeof line, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"%s\",\"dgramType\":\"udp4\",\"msg\":\"%s\"}\n", type, name);
  tell(line, handle);
  char answer[256];
  for (size_t got = 0; got == 0 || answer[got - 1] != '\n';) {
    wait_for(POLLIN);
    const ssize_t part = read(channel, answer + got, sizeof answer - got);
    if (part == 0 || (part < 0 && errno != EAGAIN && errno != EINTR)) die("the channel");
    if (part > 0 && (got += (size_t)part) == sizeof answer) got = 0;
  }
  close(handle);
}

int main(int argc, char **argv) {
  const char *end = getenv("NODE_CHANNEL_FD");
  if (argc != 4 || !end) {
    fprintf(stderr, "it is started by Cloche, with a channel\n");
    return 1;
  }
  channel = atoi(end);
  const uint16_t proxy = (uint16_t)atoi(argv[2]), direct = (uint16_t)atoi(argv[3]);
  // The network first: it is found by a path that the user namespace may not change.
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/ns/net", argv[1]);
  const int net = open(path, O_RDONLY | O_CLOEXEC);
  if (net < 0) die(path);
  enter(argv[1], "user", CLONE_NEWUSER);
  if (setns(net, CLONE_NEWNET) != 0) die(path);
  close(net);
  wait_for_loopback();

  const int listener = listen_at(AF_INET, proxy, 0);
  if (listener < 0) die("the listener of the gateway");
  const unsigned lo = if_nametoindex("lo");
  // The rules stand before there is a route, so that nothing ever goes past them.
  const int direct4 = listen_at(AF_INET, direct, 1);
  const int direct6 = direct4 < 0 ? -1 : listen_at(AF_INET6, direct, 1);
  const int resolver = resolver_socket();
  int failed = direct4 < 0 || resolver < 0 ? errno : add_table(direct, direct6 >= 0);
  if (!failed) failed = add_address(lo);
  if (!failed) failed = add_route(AF_INET, lo);
  if (!failed && direct6 >= 0) failed = add_route(AF_INET6, lo);

  hand_over("net.Server", "proxy", listener);
  if (!failed) {
    hand_over("net.Server", "direct", direct4);
    if (direct6 >= 0) hand_over("net.Server", "direct", direct6);
    hand_over("dgram.Socket", "resolver", resolver);
  }
  char last[256];
  snprintf(last, sizeof last, "{\"done\":true,\"reason\":\"%s\"}\n", failed ? strerror(failed) : "");
  tell(last, -1);
  return 0;
}
