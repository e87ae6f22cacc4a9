// The kernel's process connector, read for Cloche: fork, exec and exit of chosen process trees, with
// what /proc says of a process read at the event. Linux only. Why it is C and a process of its own:
// docs/adr/0012-exact-process-events.md.
//
// stdin: commands of four bytes, native order: a pid to watch, and whatever it starts from then on;
// 0: answer SYNCED once all that the kernel said before is written. Its end is our end.
// stdout: records, see `struct record`; the first is READY or FAILED.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PID_LIMIT = 4 * 1024 * 1024 };       // the kernel's own upper bound
enum { RECEIVE_BYTES = 64 * 1024 * 1024 };  // about 80,000 messages; memory is used only when full
enum { BATCH_BYTES = 32 * 1024, BATCH_MS = 20, MOST_BYTES = 16 * 1024 * 1024 };
enum { STAT_BYTES = 1024, ARGUMENT_BYTES = 4097, LINK_BYTES = 4096 };
enum { ACK_MS = 500, MESSAGES_A_TURN = 1000 };
enum { FORKED = 1, EXECUTED, EXITED, OVERRUN, SYNCED, FAILED, READY };
enum { AT_SOCKET = 1, AT_BIND, AT_SUBSCRIBE, AT_ANSWER, AT_READ };
static const uint32_t UNREADABLE = UINT32_MAX;

// The texts follow in this order, the whole padded to eight bytes.
struct record {
  uint32_t size, kind, pid;
  uint32_t other;     // FORKED: the parent. FAILED: where.
  uint32_t status;    // EXITED: as wait(2) encodes it. FAILED: errno, 0 for no answer.
  uint32_t read_us;    // EXECUTED: how long after it the texts were read
  uint64_t time_ns;   // CLOCK_MONOTONIC
  uint64_t boot_ns;   // how far CLOCK_BOOTTIME is ahead of it
  uint32_t stat_bytes, cmdline_bytes, exe_bytes, cwd_bytes;  // UNREADABLE, or how many follow
};
_Static_assert(sizeof(struct record) == 56, "the layout the reader knows");

static uint32_t watched[PID_LIMIT / 32];
static uint32_t leader_gone[PID_LIMIT / 32];  // the first thread ended, others go on
static int sock = -1;
static int64_t ack = -1;  // the kernel's answer to the subscription; -1: none yet
static bool has_lost;     // events, since it was last said
static uint8_t *out;      // what is not written yet
static size_t out_bytes, out_capacity;
static uint64_t out_since_ns;
static uint8_t commands[4096];  // what is not obeyed yet
static size_t command_bytes;

static bool in_range(uint32_t pid) { return pid > 0 && pid < PID_LIMIT; }
static bool has_bit(const uint32_t *bits, uint32_t pid) { return bits[pid / 32] & (1u << (pid % 32)); }
static void set_bit(uint32_t *bits, uint32_t pid, bool on) {
  if (on) bits[pid / 32] |= 1u << (pid % 32);
  else bits[pid / 32] &= ~(1u << (pid % 32));
}

static uint64_t clock_ns(clockid_t clock) {
  struct timespec now = {0, 0};
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// How many bytes a file of /proc/PID holds, or a link of it, or UNREADABLE: the process is gone.
static uint32_t read_proc(uint32_t pid, const char *name, void *out, size_t most) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%u/%s", pid, name);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t got = file < 0 ? -1 : read(file, out, most);
  if (file >= 0) close(file);
  return got < 0 ? UNREADABLE : (uint32_t)got;
}
static uint32_t read_link(uint32_t pid, const char *name, void *out, size_t most) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%u/%s", pid, name);
  const ssize_t got = readlink(path, out, most);
  return got < 0 ? UNREADABLE : (uint32_t)got;
}

// No thread of it runs any more: it is gone, or its first thread is all that is left of it.
static bool has_ended(uint32_t pid) {
  char text[STAT_BYTES + 1];
  const uint32_t got = read_proc(pid, "stat", text, STAT_BYTES);
  if (got == UNREADABLE || got == 0) return true;
  text[got] = '\0';
  const char *rest = strrchr(text, ')');  // the name before it may hold anything
  char state = 0;
  long threads = 0;
  if (!rest || sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld",
                      &state, &threads) != 2) return false;
  return (state == 'Z' || state == 'X') && threads <= 1;
}

static void add_record(struct record head, const void *texts, size_t text_bytes) {
  const size_t size = (sizeof head + text_bytes + 7) & ~(size_t)7;
  if (out_bytes + size > out_capacity) {
    const size_t capacity = out_capacity ? out_capacity * 2 : 4 * BATCH_BYTES;
    uint8_t *larger = capacity > MOST_BYTES ? NULL : realloc(out, capacity);
    if (!larger) {  // the reader does not keep up: it is told, and looks at everything anew
      has_lost = true;
      return;
    }
    out = larger;
    out_capacity = capacity;
  }
  if (out_bytes == 0) out_since_ns = clock_ns(CLOCK_MONOTONIC);
  head.size = (uint32_t)size;
  memset(out + out_bytes + size - 8, 0, 8);
  memcpy(out + out_bytes, &head, sizeof head);
  if (text_bytes > 0) memcpy(out + out_bytes + sizeof head, texts, text_bytes);
  out_bytes += size;
}

static struct record make_record(uint32_t kind, uint32_t pid, uint64_t time_ns) {
  const uint64_t monotonic_ns = clock_ns(CLOCK_MONOTONIC);  // first: the difference is never negative
  const uint64_t ahead = clock_ns(CLOCK_BOOTTIME) - monotonic_ns;
  return (struct record){.kind = kind, .pid = pid, .time_ns = time_ns, .boot_ns = ahead,
    .stat_bytes = UNREADABLE, .cmdline_bytes = UNREADABLE, .exe_bytes = UNREADABLE, .cwd_bytes = UNREADABLE};
}

static void add_note(uint32_t kind, uint32_t where, int reason) {
  struct record note = make_record(kind, 0, clock_ns(CLOCK_MONOTONIC));
  note.other = where;
  note.status = (uint32_t)reason;
  add_record(note, NULL, 0);
}

// As much as the pipe takes. false: nobody reads any more.
static bool write_out(void) {
  const ssize_t wrote = out_bytes > 0 ? write(STDOUT_FILENO, out, out_bytes) : 0;
  if (wrote < 0) return errno == EAGAIN || errno == EINTR;
  memmove(out, out + wrote, out_bytes - (size_t)wrote);
  out_bytes -= (size_t)wrote;
  return true;
}

static void take_fork(const struct proc_event *event) {
  const uint32_t pid = (uint32_t)event->event_data.fork.child_tgid;
  const uint32_t parent = (uint32_t)event->event_data.fork.parent_tgid;
  if (event->event_data.fork.child_pid != event->event_data.fork.child_tgid || !in_range(pid)) return;
  const bool is_member = in_range(parent) && has_bit(watched, parent);
  set_bit(watched, pid, is_member);  // also clears what an earlier process of this number left
  set_bit(leader_gone, pid, false);
  if (!is_member) return;
  uint8_t text[STAT_BYTES];
  struct record head = make_record(FORKED, pid, event->timestamp_ns);
  head.other = parent;
  head.stat_bytes = read_proc(pid, "stat", text, sizeof text);
  add_record(head, text, head.stat_bytes == UNREADABLE ? 0 : head.stat_bytes);
}

static void take_exec(const struct proc_event *event) {
  const uint32_t pid = (uint32_t)event->event_data.exec.process_tgid;
  if (!in_range(pid) || !has_bit(watched, pid)) return;
  set_bit(leader_gone, pid, false);  // whichever thread called it is the first one now
  static uint8_t texts[ARGUMENT_BYTES + 2 * LINK_BYTES];
  struct record head = make_record(EXECUTED, pid, event->timestamp_ns);
  head.cmdline_bytes = read_proc(pid, "cmdline", texts, ARGUMENT_BYTES);
  size_t used = head.cmdline_bytes == UNREADABLE ? 0 : head.cmdline_bytes;
  head.exe_bytes = read_link(pid, "exe", texts + used, LINK_BYTES);
  if (head.exe_bytes != UNREADABLE) used += head.exe_bytes;
  head.cwd_bytes = read_link(pid, "cwd", texts + used, LINK_BYTES);
  if (head.cwd_bytes != UNREADABLE) used += head.cwd_bytes;
  const uint64_t late_us = (clock_ns(CLOCK_MONOTONIC) - event->timestamp_ns) / 1000;
  head.read_us = late_us < UINT32_MAX ? (uint32_t)late_us : UINT32_MAX;
  add_record(head, texts, used);
}

// A process has ended when its last thread has, which need not be the one that has its number.
static void take_exit(const struct proc_event *event) {
  const uint32_t pid = (uint32_t)event->event_data.exit.process_tgid;
  if (!in_range(pid) || !has_bit(watched, pid)) return;
  if (event->event_data.exit.process_pid == event->event_data.exit.process_tgid)
    set_bit(leader_gone, pid, true);
  if (!has_bit(leader_gone, pid) || !has_ended(pid)) return;
  set_bit(watched, pid, false);
  set_bit(leader_gone, pid, false);
  struct record head = make_record(EXITED, pid, event->timestamp_ns);
  head.status = event->event_data.exit.exit_code;
  add_record(head, NULL, 0);
}

// One message of the kernel's. false: there is none, or (`*fault` set) there will be none.
static bool take_message(int *fault) {
  union { struct nlmsghdr header; uint8_t bytes[512]; } in;
  struct sockaddr_nl from = {0};
  socklen_t from_bytes = sizeof from;
  const ssize_t got = recvfrom(sock, &in, sizeof in, MSG_DONTWAIT, (struct sockaddr *)&from, &from_bytes);
  if (got < 0) {
    if (errno == ENOBUFS) has_lost = true;  // the socket was full; what follows is whole again
    else if (errno != EAGAIN && errno != EINTR) *fault = errno;
    return errno == ENOBUFS || errno == EINTR;
  }
  if (from.nl_pid != 0) return true;  // not the kernel: anyone may send to our socket
  const size_t head_bytes = NLMSG_HDRLEN + sizeof(struct cn_msg);
  struct cn_msg head;
  struct proc_event event = {0};
  if ((size_t)got < head_bytes + offsetof(struct proc_event, event_data)) return true;
  memcpy(&head, in.bytes + NLMSG_HDRLEN, sizeof head);
  if (head.id.idx != CN_IDX_PROC || head.id.val != CN_VAL_PROC) return true;
  const size_t left = (size_t)got - head_bytes;
  memcpy(&event, in.bytes + head_bytes, left < sizeof event ? left : sizeof event);
  if (event.what == PROC_EVENT_FORK) take_fork(&event);
  else if (event.what == PROC_EVENT_EXEC) take_exec(&event);
  else if (event.what == PROC_EVENT_EXIT) take_exit(&event);
  else if (event.what == PROC_EVENT_NONE) ack = event.event_data.ack.err;
  return true;
}

// Where the kernel refused, or 0; errno says why (0: it did not answer).
static uint32_t subscribe(void) {
  const struct sockaddr_nl group = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
  const int bytes = RECEIVE_BYTES;
  sock = socket(PF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
  if (sock < 0) return AT_SOCKET;
  if (bind(sock, (const struct sockaddr *)&group, sizeof group) < 0) return AT_BIND;
  if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
    setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);  // as much as an ordinary user may have
  struct { struct nlmsghdr header; struct cn_msg connector; uint32_t operation; } __attribute__((packed)) ask = {
    .header = {.nlmsg_len = sizeof ask, .nlmsg_type = NLMSG_DONE},
    .connector = {.id = {CN_IDX_PROC, CN_VAL_PROC}, .len = sizeof ask.operation},
    .operation = PROC_CN_MCAST_LISTEN};
  if (send(sock, &ask, sizeof ask, 0) != (ssize_t)sizeof ask) return AT_SUBSCRIBE;
  int fault = 0;
  const uint64_t until_ns = clock_ns(CLOCK_MONOTONIC) + ACK_MS * 1000000ull;
  while (ack < 0 && !fault && clock_ns(CLOCK_MONOTONIC) < until_ns)
    if (!take_message(&fault)) poll(&(struct pollfd){sock, POLLIN, 0}, 1, ACK_MS / 10);
  errno = fault ? fault : ack > 0 ? (int)ack : 0;  // inside a container it stays silent
  return ack == 0 ? 0 : AT_ANSWER;
}

// Takes in what is asked on stdin. false: whoever asked is gone.
static bool read_commands(void) {
  const ssize_t got = read(STDIN_FILENO, commands + command_bytes, sizeof commands - command_bytes);
  if (got <= 0) return got < 0 && (errno == EINTR || errno == EAGAIN);
  command_bytes += (size_t)got;
  return true;
}

// How many times it was asked to say when.
static unsigned obey_commands(void) {
  unsigned asked = 0;
  size_t at = 0;
  for (uint32_t pid; command_bytes - at >= sizeof pid; at += sizeof pid) {
    memcpy(&pid, commands + at, sizeof pid);
    if (pid == 0) asked++;
    else if (in_range(pid)) set_bit(watched, pid, true);
  }
  memmove(commands, commands + at, command_bytes - at);
  command_bytes -= at;
  return asked;
}

int main(void) {
  prctl(PR_SET_NAME, "cloche-events");
  fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
  const uint32_t where = subscribe();
  add_note(where ? FAILED : READY, where, errno);
  if (!write_out() || where) return where ? 1 : 0;
  for (bool is_read = true; is_read;) {
    int fault = 0;
    const bool is_waiting = out_bytes > 0 && clock_ns(CLOCK_MONOTONIC) - out_since_ns > BATCH_MS * 1000000ull;
    struct pollfd ready[] = {
      {STDIN_FILENO, POLLIN, 0}, {sock, POLLIN, 0}, {is_waiting ? STDOUT_FILENO : -1, POLLOUT, 0}};
    poll(ready, 3, out_bytes > 0 && !is_waiting ? BATCH_MS : -1);
    // A process's own fork comes before a command that names it, or would undo the command.
    if (ready[0].revents) is_read = read_commands();
    for (int n = 0; (n < MESSAGES_A_TURN || ready[0].revents) && take_message(&fault); n++) continue;
    const unsigned asked = obey_commands();
    if (has_lost) {
      has_lost = false;
      add_note(OVERRUN, 0, 0);
    }
    for (unsigned n = 0; n < asked; n++) add_note(SYNCED, 0, 0);
    if (fault) add_note(FAILED, AT_READ, fault);
    const bool is_due = clock_ns(CLOCK_MONOTONIC) - out_since_ns >= BATCH_MS * 1000000ull;
    if (is_due || asked > 0 || fault || out_bytes >= BATCH_BYTES) is_read = write_out() && is_read && !fault;
  }
  return 0;
}
