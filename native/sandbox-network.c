// Prepares the network of a new sandbox from outside: the listener of the egress gateway, and a way
// to it for programs that know nothing of proxies. Hands the sockets to the process that started it
// and exits; nothing of it stays.
//
//   sandbox-network PID PROXY_PORT DIRECT_PORT
//   sandbox-network here PROXY_PORT DIRECT_PORT SOCKET OWNERS OWNERS_SOCKET|DESCRIPTOR
//
// With a number in CLOCHE_NUMBER the channel is the starter's (starter.c): each message says that number,
// and the answers are not ours to read.
//
// The second is for a container or a virtual machine: it was started in that network already, with the
// right over it, and its channel is a connection to SOCKET (see channel-relay.c, vm-init.c). In the end
// it becomes OWNERS, which is socket-owners.c, with its words at OWNERS_SOCKET or at an open descriptor.
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
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <unistd.h>
#include "network-rules.h"
#include "node-channel.h"

// Also in src/main/egress/direct/names.ts: the first address of the range names are given.
#define OWN_ADDRESS "198.18.0.1"
#define BACKLOG 511

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

// ---- the table that sends direct connections to the gateway ----

// It goes to the listener at ADDRESS and PORT.
static void add_rule(uint8_t family, uint16_t port) {
  const size_t at = open_table_message(NFT_MSG_NEWRULE);
  text(NFTA_RULE_TABLE, "cloche");
  text(NFTA_RULE_CHAIN, "direct");
  const size_t list = open_nest(NFTA_RULE_EXPRESSIONS);
  goes_outside(family);
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
  add_chain("cloche", "direct", NF_INET_PRE_ROUTING, (uint32_t)-150);
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
// Our number in the starter's messages; null: the channel is ours alone.
static const char *request;

static void wait_for(short events) {
  struct pollfd wanted = {.fd = channel, .events = events};
  if (poll(&wanted, 1, WAIT_MS) == 1) return;
  errno = ETIMEDOUT;
  die("the channel");
}

static void tell(const char *line, int handle) {
  while (send_message(channel, line, handle) < 0) {
    if (errno != EAGAIN && errno != EINTR) die("the channel");
    wait_for(POLLOUT);
  }
}

// Node takes one handle at a time and says when it has it.
static void hand_over(const char *type, const char *name, int handle) {
  char line[160], said[64];
  snprintf(said, sizeof said, request ? "{\"name\":\"%s\",\"number\":%s}" : "\"%s\"", name, request);
  snprintf(line, sizeof line, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"%s\",\"dgramType\":\"udp4\",\"msg\":%s}\n", type, said);
  tell(line, handle);
  close(handle);
  if (request) return;
  char answer[256];
  for (size_t got = 0; got == 0 || answer[got - 1] != '\n';) {
    wait_for(POLLIN);
    const ssize_t part = read(channel, answer + got, sizeof answer - got);
    if (part == 0 || (part < 0 && errno != EAGAIN && errno != EINTR)) die("the channel");
    if (part > 0 && (got += (size_t)part) == sizeof answer) got = 0;
  }
}

static int reach(const char *path) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof at.sun_path) errno = ENAMETOOLONG, die(path);
  strcpy(at.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Whoever listens there is started at the same time.
  for (const long end = now_ms() + WAIT_MS; now_ms() < end; usleep(1000))
    if (connect(fd, (void *)&at, sizeof at) == 0) return fd;
  die(path);
  return -1;
}

int main(int argc, char **argv) {
  const int is_here = argc == 7 && strcmp(argv[1], "here") == 0;
  const char *end = getenv("NODE_CHANNEL_FD");
  if (!is_here && (argc != 4 || !end)) {
    fprintf(stderr, "it is started by Cloche, with a channel\n");
    return 1;
  }
  channel = is_here ? reach(argv[4]) : atoi(end);
  request = is_here ? NULL : getenv("CLOCHE_NUMBER");
  const uint16_t proxy = (uint16_t)atoi(argv[2]), direct = (uint16_t)atoi(argv[3]);
  if (!is_here) enter_network(argv[1]);
  wait_for_loopback();

  const int listener = listen_at(AF_INET, proxy, 0);
  if (listener < 0) die("the listener of the gateway");
  const unsigned lo = if_nametoindex("lo");
  // The rules stand before there is a route, so that nothing ever goes past them.
  const int direct4 = direct ? listen_at(AF_INET, direct, 1) : -1;
  if (!direct) errno = EOPNOTSUPP;
  const int direct6 = direct4 < 0 ? -1 : listen_at(AF_INET6, direct, 1);
  const int resolver = resolver_socket();
  int failed = direct4 < 0 || resolver < 0 ? errno : add_table(direct, direct6 >= 0);
  if (!failed) failed = add_address(lo);
  if (!failed) failed = add_route(AF_INET, lo);
  // Where the machine has no IPv6, programs inside have none either, and there is no way by it.
  if (!failed && direct6 >= 0) add_route(AF_INET6, lo);

  hand_over("net.Server", "proxy", listener);
  if (!failed) {
    hand_over("net.Server", "direct", direct4);
    if (direct6 >= 0) hand_over("net.Server", "direct", direct6);
    hand_over("dgram.Socket", "resolver", resolver);
  }
  char last[256];
  snprintf(last, sizeof last, "{\"number\":%s,\"done\":true,\"reason\":\"%s\"}\n", request ? request : "null",
           failed ? strerror(failed) : "");
  tell(last, -1);
  if (!is_here) return 0;
  close(channel);
  const int words = argv[6][0] == '/' ? reach(argv[6]) : atoi(argv[6]);
  if (dup2(words, 0) < 0 || dup2(words, 1) < 0) die(argv[6]);
  execl(argv[5], argv[5], "self", argv[2], (char *)0);
  die(argv[5]);
  return 1;
}
