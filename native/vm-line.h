// The line between the first process of a virtual machine (vm-init.c) and the program beside the
// machine (vm-runner.c): connections of programs inside, questions for names, the terminal's size and
// how the program ended, all as frames on one port. Each program is one file with this in it.
//
// The other end may be hostile: sizes, numbers and credit are checked, and what breaks the rules is
// reset. A stream may have WINDOW bytes on their way; whoever takes them says so with MORE.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
// Whoever writes ignores SIGPIPE.
#define MSG_NOSIGNAL 0
#endif

enum frame_type { OPEN = 1, DATA, END, RESET, MORE, ASK, ANSWER, SIZE, EXITED, BYE, DIAL };
enum { MOST_DATA = 16384, WINDOW = 256 * 1024, OPENED_INSIDE = 4096, DIALLED = 256, MOST_STREAMS = OPENED_INSIDE + DIALLED };

struct head {
  uint8_t type, spare;
  uint16_t size;
  // The place in the table, and above it a number that tells this stream from earlier ones there.
  uint32_t id;
};

// What OPEN carries: where to, and where it comes from.
struct address {
  uint8_t family, spare;
  uint16_t port, own_port;
  uint8_t bytes[16], own[16];
};

struct stream {
  int is_used, fd, is_connecting, has_read_all, is_other_done, is_shut;
  uint32_t id;
  // Bytes that may be sent before the next MORE, and bytes taken that were not told of yet.
  uint32_t credit, taken;
  // What came over the line and waits for the socket.
  unsigned char *waiting;
  size_t start, count;
};

static struct stream streams[MOST_STREAMS];
static int line = -1;
// Frames that wait for the line.
static unsigned char *going;
static size_t going_start, going_count, going_room;
static unsigned char coming[sizeof(struct head) + MOST_DATA];
static size_t coming_count;

static void die(const char *what) {
  fprintf(stderr, "%s: %s\r\n", what, strerror(errno));
  exit(125);
}

static inline void unblock(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

static void send_frame(uint8_t type, uint32_t id, const void *data, size_t size) {
  const struct head head = {.type = type, .size = (uint16_t)size, .id = id};
  const size_t needed = sizeof head + size;
  if (going_start > 0 && going_start + going_count + needed > going_room) {
    memmove(going, going + going_start, going_count);
    going_start = 0;
  }
  if (going_count + needed > going_room) {
    going_room = (going_count + needed) * 2;
    going = realloc(going, going_room);
    if (!going) die("memory");
  }
  memcpy(going + going_start + going_count, &head, sizeof head);
  if (size > 0) memcpy(going + going_start + going_count + sizeof head, data, size);
  going_count += needed;
}

// Whether more may be read from sockets: the line takes no more than it can carry.
static inline int has_room(void) { return going_count < WINDOW; }

static void flush_line(void) {
  while (going_count > 0) {
    const ssize_t sent = write(line, going + going_start, going_count > 32768 ? 32768 : going_count);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return;
    going_start += (size_t)sent;
    going_count -= (size_t)sent;
  }
  going_start = 0;
}

static struct stream *stream_of(uint32_t id) {
  struct stream *s = (id & 0xffff) < MOST_STREAMS ? &streams[id & 0xffff] : 0;
  return s && s->is_used && s->id == id ? s : 0;
}

static void forget(struct stream *s) {
  if (s->fd >= 0) close(s->fd);
  free(s->waiting);
  *s = (struct stream){.fd = -1};
}

static void reset(struct stream *s) {
  send_frame(RESET, s->id, 0, 0);
  forget(s);
}

// At the place that ID names. An older one there was given up by the other end.
static struct stream *take_place(uint32_t id, int fd, int is_connecting) {
  struct stream *s = &streams[id & 0xffff];
  if (s->is_used) forget(s);
  *s = (struct stream){.is_used = 1, .fd = fd, .id = id, .is_connecting = is_connecting, .credit = WINDOW};
  unblock(fd);
  return s;
}

// A free place between FROM and TO for a stream that begins here; 0: there is none.
static struct stream *new_stream(int fd, unsigned from, unsigned to, int is_connecting) {
  static uint32_t last, number;
  for (unsigned i = 0; i < to - from; i++) {
    const unsigned place = from + (last + 1 + i) % (to - from);
    if (streams[place].is_used) continue;
    last = place - from;
    number = (number + 1) & 0xffff;
    return take_place(place | number << 16, fd, is_connecting);
  }
  return 0;
}

static void settle(struct stream *s) {
  if (s->is_other_done && s->count == 0 && !s->is_shut && !s->is_connecting) {
    shutdown(s->fd, SHUT_WR);
    s->is_shut = 1;
  }
  if (s->is_shut && s->has_read_all) forget(s);
}

static void give(struct stream *s) {
  while (s->count > 0) {
    const ssize_t sent = send(s->fd, s->waiting + s->start, s->count, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) {
      reset(s);
      return;
    }
    s->start += (size_t)sent;
    s->count -= (size_t)sent;
    s->taken += (uint32_t)sent;
  }
  if (s->count == 0) s->start = 0;
  if (s->taken >= WINDOW / 4) {
    send_frame(MORE, s->id, &s->taken, sizeof s->taken);
    s->taken = 0;
  }
  settle(s);
}

static void take_data(struct stream *s, const unsigned char *data, size_t size) {
  if (!s->waiting) s->waiting = malloc(WINDOW);
  if (!s->waiting || s->count + size > WINDOW || s->is_other_done) {
    reset(s);
    return;
  }
  if (s->start + s->count + size > WINDOW) {
    memmove(s->waiting, s->waiting + s->start, s->count);
    s->start = 0;
  }
  memcpy(s->waiting + s->start + s->count, data, size);
  s->count += size;
  if (!s->is_connecting) give(s);
}

static void read_socket(struct stream *s) {
  unsigned char bytes[MOST_DATA];
  const size_t most = s->credit < MOST_DATA ? s->credit : MOST_DATA;
  const ssize_t got = read(s->fd, bytes, most);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got < 0) {
    reset(s);
    return;
  }
  s->credit -= (uint32_t)got;
  if (got > 0) {
    send_frame(DATA, s->id, bytes, (size_t)got);
    return;
  }
  s->has_read_all = 1;
  send_frame(END, s->id, 0, 0);
  settle(s);
}

static void socket_is_ready(struct stream *s, short events) {
  if (s->is_connecting && events) {
    int failed = 0;
    socklen_t size = sizeof failed;
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &failed, &size);
    if (failed) {
      reset(s);
      return;
    }
    s->is_connecting = 0;
    give(s);
    return;
  }
  const uint32_t id = s->id;
  if (events & POLLOUT) give(s);
  if ((s = stream_of(id)) && !s->has_read_all && (events & (POLLIN | POLLHUP | POLLERR))) read_socket(s);
}

static short wanted_of(const struct stream *s) {
  if (s->is_connecting) return POLLOUT;
  return (short)((s->count > 0 ? POLLOUT : 0) | (!s->has_read_all && s->credit > 0 && has_room() ? POLLIN : 0));
}

// What each program does with the frames that are its own; the size is at most MOST_DATA.
static void take_own_frame(const struct head *head, const unsigned char *data);

static void take_frame(const struct head *head, const unsigned char *data) {
  struct stream *s = stream_of(head->id);
  uint32_t more = 0;
  switch (head->type) {
    case DATA:
      if (s) take_data(s, data, head->size);
      return;
    case END:
      if (s) {
        s->is_other_done = 1;
        settle(s);
      }
      return;
    case RESET:
      // Reset here too, where it would look like a good end otherwise.
      if (s) setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
      if (s) forget(s);
      return;
    case MORE:
      if (!s || head->size != sizeof more) return;
      memcpy(&more, data, sizeof more);
      if (more > WINDOW - s->credit) reset(s);
      else s->credit += more;
      return;
    default: take_own_frame(head, data);
  }
}

// 0: the other end is gone.
static int read_line(void) {
  for (;;) {
    const ssize_t got = read(line, coming + coming_count, sizeof coming - coming_count);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return 0;
    coming_count += (size_t)got;
    size_t at = 0;
    for (struct head head; coming_count - at >= sizeof head;) {
      memcpy(&head, coming + at, sizeof head);
      if (head.size > MOST_DATA) return 0;
      if (coming_count - at < sizeof head + head.size) break;
      take_frame(&head, coming + at + sizeof head);
      at += sizeof head + head.size;
    }
    memmove(coming, coming + at, coming_count - at);
    coming_count -= at;
  }
}

// Adds the sockets of all streams to what is waited for; `whose` says which is whose.
static size_t add_streams(struct pollfd *waits, struct stream **whose, size_t count) {
  for (struct stream *s = streams; s < streams + MOST_STREAMS; s++) {
    const short wanted = s->is_used ? wanted_of(s) : 0;
    if (!wanted) continue;
    waits[count] = (struct pollfd){.fd = s->fd, .events = wanted};
    whose[count++] = s;
  }
  return count;
}
