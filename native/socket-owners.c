// Tells whose a connection of a sandbox is, while that can be told: a program may send what it has to
// and be gone before anybody accepted its connection.
//
//   socket-owners PID PROXY_PORT     the network of that process; port 0: holds nothing, only answers
//
// The first packet of each connection to the gateway is held by the kernel (nfqueue, before it leaves
// its sender) until the host has looked at the process that waits for the answer to it. Where the
// kernel lacks that, where nobody listens, or after HOLD_MS, it goes as if there were no such rule.
// Any other connection is looked for by its two ends (sock_diag): exactly one at a time, where
// /proc/PID/net/tcp would walk every connection of the machine.
//
// stdin and stdout: `struct record`. id 0: a question, and the answer to it, in order. Otherwise: a
// held packet, and that it may go. The end of stdin is our end. A failure is one line on standard
// error and code 1.
#define _GNU_SOURCE
#include <linux/inet_diag.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/sock_diag.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include "network-rules.h"

enum { QUEUE = 1, HOLD_MS = 800, MOST_HELD = 1024, PACKET_BYTES = 128, ADDRESS = 16 };

// Addresses of four or sixteen bytes, ports in network order. Also in src/main/backends/socket-finder.ts.
struct record {
  uint32_t id, inode;  // inode 0: there is no such socket
  uint8_t family;      // 4 or 6
  uint8_t unused[3];
  uint8_t own_port[2], other_port[2];
  uint8_t own[ADDRESS], other[ADDRESS];
};

// ---- one socket by its ends ----

static int diagnosis = -1;

static uint32_t inode_of(const struct record *ends) {
  struct {
    struct nlmsghdr head;
    struct inet_diag_req_v2 body;
  } request = {
      .head = {.nlmsg_len = sizeof request, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
      .body = {.sdiag_family = ends->family == 4 ? AF_INET : AF_INET6,
               .sdiag_protocol = IPPROTO_TCP,
               .idiag_states = UINT32_MAX,
               .id = {.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
  };
  struct inet_diag_sockid *id = &request.body.id;
  memcpy(&id->idiag_sport, ends->own_port, 2);
  memcpy(&id->idiag_dport, ends->other_port, 2);
  memcpy(id->idiag_src, ends->own, ADDRESS);
  memcpy(id->idiag_dst, ends->other, ADDRESS);
  if (send(diagnosis, &request, sizeof request, 0) < 0) die("a question to the kernel");
  unsigned char reply[8192];
  const ssize_t got = recv(diagnosis, reply, sizeof reply, 0);
  if (got < 0) die("an answer of the kernel");
  const struct nlmsghdr *at = (void *)reply;
  if (!NLMSG_OK(at, (size_t)got) || at->nlmsg_type != SOCK_DIAG_BY_FAMILY) return 0;
  const struct inet_diag_msg *found = NLMSG_DATA(at);
  // Where no connection is like that, the kernel offers whatever listens there.
  return found->idiag_state == TCP_LISTEN ? 0 : found->idiag_inode;
}

// ---- the rules that hold first packets ----

static void tcp_begins(void) {
  const uint8_t mask = 0x12, none = 0, syn = 0x02;
  open_expression("payload");
  number(NFTA_PAYLOAD_DREG, NFT_REG_1);
  number(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
  number(NFTA_PAYLOAD_OFFSET, 13);
  number(NFTA_PAYLOAD_LEN, 1);
  close_expression();
  open_expression("bitwise");
  number(NFTA_BITWISE_SREG, NFT_REG_1);
  number(NFTA_BITWISE_DREG, NFT_REG_1);
  number(NFTA_BITWISE_LEN, 1);
  value(NFTA_BITWISE_MASK, &mask, 1);
  value(NFTA_BITWISE_XOR, &none, 1);
  close_expression();
  compare(NFT_CMP_EQ, &syn, 1);
}

static void goes_to(uint16_t port) {
  meta_is(NFT_META_L4PROTO, IPPROTO_TCP);
  port = htons(port);
  open_expression("payload");
  number(NFTA_PAYLOAD_DREG, NFT_REG_1);
  number(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
  number(NFTA_PAYLOAD_OFFSET, 2);
  number(NFTA_PAYLOAD_LEN, sizeof port);
  close_expression();
  compare(NFT_CMP_EQ, &port, sizeof port);
}

// Kernels without the expression have the same as a target of iptables.
static void hold_packet(int is_target) {
  const struct xt_NFQ_info_v2 target = {.queuenum = QUEUE, .queues_total = 1, .bypass = 1};
  const uint16_t queue = htons(QUEUE), one = htons(1), bypass = htons(NFT_QUEUE_FLAG_BYPASS);
  open_expression(is_target ? "target" : "queue");
  if (is_target) {
    text(NFTA_TARGET_NAME, "NFQUEUE");
    number(NFTA_TARGET_REV, 2);
    attribute(NFTA_TARGET_INFO, &target, sizeof target);
  } else {
    attribute(NFTA_QUEUE_NUM, &queue, sizeof queue);
    attribute(NFTA_QUEUE_TOTAL, &one, sizeof one);
    attribute(NFTA_QUEUE_FLAGS, &bypass, sizeof bypass);
  }
  close_expression();
}

static void add_hold(uint8_t family, uint16_t proxy, int is_target) {
  const size_t at = open_table_message(NFT_MSG_NEWRULE);
  text(NFTA_RULE_TABLE, "cloche-hold");
  text(NFTA_RULE_CHAIN, "begin");
  const size_t list = open_nest(NFTA_RULE_EXPRESSIONS);
  if (family) goes_outside(family);
  else goes_to(proxy);
  tcp_begins();
  hold_packet(is_target);
  close_nest(list);
  close_message(at);
}

static int add_holds(uint16_t proxy, int is_target) {
  batch(NFNL_MSG_BATCH_BEGIN);
  add_chain("cloche-hold", "begin", NF_INET_LOCAL_OUT, 0);
  add_hold(0, proxy, is_target);
  add_hold(NFPROTO_IPV4, 0, is_target);
  add_hold(NFPROTO_IPV6, 0, is_target);
  batch(NFNL_MSG_BATCH_END);
  return submit(NETLINK_NETFILTER, 5);
}

// ---- the queue ----

static int queue = -1;

static size_t open_queue_message(uint16_t type) {
  const struct nfgenmsg head = {.version = NFNETLINK_V0, .res_id = htons(QUEUE)};
  return open_message((NFNL_SUBSYS_QUEUE << 8) | type, NLM_F_ACK, &head, sizeof head);
}

static int send_queue(void) {
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  const ssize_t sent = sendto(queue, message, length, 0, (struct sockaddr *)&kernel, sizeof kernel);
  length = 0;
  return sent < 0 ? -1 : 0;
}

static int listen_to_queue(void) {
  const struct nfqnl_msg_config_cmd bind = {.command = NFQNL_CFG_CMD_BIND};
  const struct nfqnl_msg_config_params whole = {htonl(PACKET_BYTES), NFQNL_COPY_PACKET};
  const uint32_t most = htonl(MOST_HELD), fail_open = htonl(NFQA_CFG_F_FAIL_OPEN);
  queue = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
  if (queue < 0) return -1;
  size_t at = open_queue_message(NFQNL_MSG_CONFIG);
  attribute(NFQA_CFG_CMD, &bind, sizeof bind);
  close_message(at);
  at = open_queue_message(NFQNL_MSG_CONFIG);
  attribute(NFQA_CFG_PARAMS, &whole, sizeof whole);
  attribute(NFQA_CFG_QUEUE_MAXLEN, &most, sizeof most);
  attribute(NFQA_CFG_MASK, &fail_open, sizeof fail_open);
  attribute(NFQA_CFG_FLAGS, &fail_open, sizeof fail_open);
  close_message(at);
  return send_queue();
}

static void let_go(uint32_t id) {
  const struct nfqnl_msg_verdict_hdr verdict = {htonl(NF_ACCEPT), htonl(id)};
  const struct nfgenmsg head = {.version = NFNETLINK_V0, .res_id = htons(QUEUE)};
  const size_t at = open_message((NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_VERDICT, 0, &head, sizeof head);
  attribute(NFQA_VERDICT_HDR, &verdict, sizeof verdict);
  close_message(at);
  send_queue();
}

static struct {
  uint32_t id;
  long until_ms;
} held[MOST_HELD];
static size_t held_count;

// In the order they came; the host answers in the same, so the first is nearly always the one.
static void release_held(uint32_t id) {
  for (size_t i = 0; i < held_count; i++) {
    if (held[i].id != id) continue;
    let_go(id);
    memmove(held + i, held + i + 1, (--held_count - i) * sizeof *held);
    return;
  }
}

// 0: it is not a whole beginning of TCP, which the rules let nobody send.
static int read_ends(const unsigned char *packet, size_t size, struct record *ends) {
  const struct iphdr *v4 = (void *)packet;
  const struct ip6_hdr *v6 = (void *)packet;
  const int is6 = size > 0 && packet[0] >> 4 == 6;
  const size_t at = is6 ? sizeof *v6 : size > 0 ? (size_t)(packet[0] & 15) * 4 : 0;
  if (size < at + 4 || size < sizeof *v4 || (is6 && v6->ip6_nxt != IPPROTO_TCP)) return 0;
  ends->family = is6 ? 6 : 4;
  memcpy(ends->own, is6 ? (void *)&v6->ip6_src : (void *)&v4->saddr, is6 ? ADDRESS : 4);
  memcpy(ends->other, is6 ? (void *)&v6->ip6_dst : (void *)&v4->daddr, is6 ? ADDRESS : 4);
  memcpy(ends->own_port, packet + at, 2);
  memcpy(ends->other_port, packet + at + 2, 2);
  return 1;
}

static void write_whole(const struct record *record) {
  for (size_t sent = 0; sent < sizeof *record;) {
    const ssize_t part = write(1, (const char *)record + sent, sizeof *record - sent);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) exit(0);
    sent += (size_t)part;
  }
}

static void take_packet(const struct nlmsghdr *at) {
  struct record record = {0};
  int has_ends = 0;
  const struct nlattr *item = (void *)((char *)NLMSG_DATA(at) + NLMSG_ALIGN(sizeof(struct nfgenmsg)));
  const char *end = (char *)at + at->nlmsg_len;
  for (; (char *)item + NLA_HDRLEN <= end && item->nla_len >= NLA_HDRLEN;
       item = (void *)((char *)item + NLA_ALIGN(item->nla_len))) {
    const unsigned char *data = (unsigned char *)item + NLA_HDRLEN;
    const int type = item->nla_type & NLA_TYPE_MASK;
    if (type == NFQA_PACKET_HDR) record.id = ntohl(((struct nfqnl_msg_packet_hdr *)data)->packet_id);
    if (type == NFQA_PAYLOAD) has_ends = read_ends(data, item->nla_len - NLA_HDRLEN, &record);
  }
  if (record.id == 0) return;
  if (!has_ends || held_count == MOST_HELD) return let_go(record.id);
  record.inode = inode_of(&record);
  held[held_count].id = record.id;
  held[held_count++].until_ms = now_ms() + HOLD_MS;
  write_whole(&record);
}

static void take_packets(void) {
  static unsigned char bytes[64 * 1024];
  const ssize_t got = recv(queue, bytes, sizeof bytes, 0);
  int left = got < 0 ? 0 : (int)got;
  for (struct nlmsghdr *at = (void *)bytes; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left))
    if (at->nlmsg_type == ((NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_PACKET)) take_packet(at);
}

static void take_words(void) {
  static struct record words[256];
  static size_t have;
  const ssize_t part = read(0, (char *)words + have, sizeof words - have);
  if (part == 0 || (part < 0 && errno != EINTR)) exit(0);
  if (part < 0) return;
  have += (size_t)part;
  const size_t count = have / sizeof *words, used = count * sizeof *words;
  for (size_t i = 0; i < count; i++) {
    if (words[i].id != 0) {
      release_held(words[i].id);
      continue;
    }
    words[i].inode = inode_of(&words[i]);
    write_whole(&words[i]);
  }
  memmove(words, (char *)words + used, have - used);
  have -= used;
}

int main(int argc, char **argv) {
  if (argc != 3) return fputs("socket-owners PID PROXY_PORT\n", stderr), 1;
  const uint16_t proxy = (uint16_t)atoi(argv[2]);
  enter_network(argv[1]);
  diagnosis = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  const struct timeval limit = {.tv_sec = 1};
  if (diagnosis < 0 || setsockopt(diagnosis, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) die("sock_diag");
  // Somebody listens before there is a rule.
  if (proxy && listen_to_queue() == 0 && add_holds(proxy, 0) != 0) add_holds(proxy, 1);
  struct pollfd ends[] = {{.fd = 0, .events = POLLIN}, {.fd = queue, .events = POLLIN}};
  for (;;) {
    const long wait = held_count == 0 ? -1 : held[0].until_ms - now_ms();
    if (poll(ends, 2, wait < 0 && held_count > 0 ? 0 : (int)wait) < 0 && errno != EINTR) die("waiting");
    if (ends[0].revents) take_words();
    if (ends[1].revents) take_packets();
    while (held_count > 0 && held[0].until_ms <= now_ms()) release_held(held[0].id);
  }
}
