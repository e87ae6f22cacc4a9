// Both ends of a measured connection: a server that sends, echoes or counts, and a client that
// reaches it directly or by CONNECT through a proxy. Results are one line of numbers on stdout.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 1 << 18 };
/** First byte of a request: neither TLS nor HTTP, so that no proxy takes it for either. */
enum { SEND = 1, ECHO = 2 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    const ssize_t sent = write(fd, bytes, length);
    if (sent <= 0) return;
    bytes += sent;
    length -= (size_t)sent;
  }
}

static void *serve_one(void *argument) {
  const int fd = (int)(long)argument;
  unsigned char head[9];
  static char zeros[CHUNK];
  if (recv(fd, head, sizeof head, MSG_WAITALL) == (ssize_t)sizeof head) {
    unsigned long left = 0;
    for (int i = 1; i < 9; i++) left = left << 8 | head[i];
    if (head[0] == SEND)
      for (; left > 0; left -= left < CHUNK ? left : CHUNK)
        write_all(fd, zeros, left < CHUNK ? left : CHUNK);
    char byte;
    if (head[0] == ECHO)
      while (read(fd, &byte, 1) == 1) write_all(fd, &byte, 1);
  }
  close(fd);
  return 0;
}

static int serve(void) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&at, size) < 0 || listen(listener, 4096) < 0) fail("serve");
  getsockname(listener, (struct sockaddr *)&at, &size);
  printf("%d\n", ntohs(at.sin_port));
  fflush(stdout);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 1 << 16);
  pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
  for (;;) {
    const int fd = accept(listener, 0, 0);
    const int on = 1;
    if (fd < 0) continue;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    pthread_t thread;
    if (pthread_create(&thread, &small, serve_one, (void *)(long)fd) != 0) close(fd);
  }
}

/** Connected to the server, past the proxy's answer where there is one; -1: it was not. */
static int reach(int port, const char *authority) {
  struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // Ends with a reset: thousands that wait for late packets would make the kernel's table long.
  const struct linger none = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) return close(fd), -1;
  if (*authority == '-') return fd;
  char head[512];
  const int length = snprintf(head, sizeof head, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", authority, authority);
  write_all(fd, head, (size_t)length);
  char answer[4096];
  size_t have = 0;
  // One byte at a time: nothing behind the head may be taken.
  while (have < sizeof answer - 1 && read(fd, answer + have, 1) == 1) {
    answer[++have] = 0;
    if (have >= 4 && memcmp(answer + have - 4, "\r\n\r\n", 4) == 0)
      return strncmp(answer + 9, "200", 3) == 0 ? fd : (close(fd), -1);
  }
  return close(fd), -1;
}

static void ask(int fd, unsigned char kind, unsigned long number) {
  unsigned char head[9] = {kind};
  for (int i = 0; i < 8; i++) head[1 + i] = (unsigned char)(number >> (56 - 8 * i));
  write_all(fd, (char *)head, sizeof head);
}

static int get(int port, const char *authority, unsigned long bytes) {
  static char buffer[CHUNK];
  const int fd = reach(port, authority);
  if (fd < 0) fail("get");
  const double from = now();
  ask(fd, SEND, bytes);
  unsigned long got = 0;
  for (ssize_t part; (part = read(fd, buffer, sizeof buffer)) > 0;) got += (unsigned long)part;
  printf("%f\n", now() - from);
  return got == bytes ? 0 : 1;
}

static int by_size(const void *a, const void *b) {
  const double d = *(const double *)a - *(const double *)b;
  return d < 0 ? -1 : d > 0;
}

/** Median seconds of one byte there and back, and of opening a connection. */
static int ping(int port, const char *authority, int count) {
  double *trips = calloc((size_t)count, sizeof *trips), *opens = calloc((size_t)count, sizeof *opens);
  const int fd = reach(port, authority);
  if (fd < 0) fail("ping");
  ask(fd, ECHO, 0);
  char byte = 0;
  for (int i = 0; i < count; i++) {
    const double from = now();
    write_all(fd, &byte, 1);
    if (read(fd, &byte, 1) != 1) fail("ping");
    trips[i] = now() - from;
  }
  close(fd);
  const int openings = count / 100;
  for (int i = 0; i < openings; i++) {
    const double from = now();
    const int other = reach(port, authority);
    if (other < 0) fail("open");
    opens[i] = now() - from;
    close(other);
  }
  qsort(trips, (size_t)count, sizeof *trips, by_size);
  qsort(opens, (size_t)openings, sizeof *opens, by_size);
  printf("%f %f\n", trips[count / 2] * 1e6, opens[openings / 2] * 1e6);
  return 0;
}

enum { WORKERS = 64 };
struct work {
  int port, count, works;
  const char *authority;
};

static void *churn_some(void *argument) {
  struct work *work = argument;
  for (int i = 0; i < work->count; i++) {
    const int fd = reach(work->port, work->authority);
    if (fd < 0) continue;
    ask(fd, ECHO, 0);
    char byte = 0;
    write_all(fd, &byte, 1);
    if (read(fd, &byte, 1) == 1) work->works++;
    close(fd);
  }
  return 0;
}

/** Connections one after another, each with a byte there and back; a few at a time. */
static int churn(int port, const char *authority, int count) {
  struct work work[WORKERS];
  pthread_t threads[WORKERS];
  const double from = now();
  int works = 0;
  for (int i = 0; i < WORKERS; i++) {
    work[i] = (struct work){port, count / WORKERS, 0, authority};
    pthread_create(&threads[i], 0, churn_some, &work[i]);
  }
  for (int i = 0; i < WORKERS; i++) {
    pthread_join(threads[i], 0);
    works += work[i].works;
  }
  printf("%d %f\n", works, now() - from);
  return 0;
}

static int *held;

static void *hold_some(void *argument) {
  struct work *work = argument;
  for (int i = 0; i < work->count; i++) {
    const int fd = reach(work->port, work->authority);
    if (fd >= 0) ask(fd, ECHO, 0);
    held[work->works + i] = fd;
  }
  return 0;
}

/** How many of `count` connections held at once carry a byte there and back, and in what time. */
static int hold(int port, const char *authority, int count) {
  struct work work[WORKERS];
  pthread_t threads[WORKERS];
  const double from = now();
  const int each = count / WORKERS;
  held = calloc((size_t)count, sizeof *held);
  for (int i = 0; i < WORKERS; i++) {
    work[i] = (struct work){port, each, i * each, authority};
    pthread_create(&threads[i], 0, hold_some, &work[i]);
  }
  for (int i = 0; i < WORKERS; i++) pthread_join(threads[i], 0);
  int works = 0;
  char byte = 0;
  for (int i = 0; i < each * WORKERS; i++)
    if (held[i] >= 0) write_all(held[i], &byte, 1);
  for (int i = 0; i < each * WORKERS; i++)
    if (held[i] >= 0 && read(held[i], &byte, 1) == 1) works++;
  printf("%d %f\n", works, now() - from);
  return 0;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  const struct rlimit many = {65536, 65536};
  setrlimit(RLIMIT_NOFILE, &many);
  if (argc == 2 && strcmp(argv[1], "serve") == 0) return serve();
  if (argc != 5) return fputs("serve | get|ping|hold|churn PORT AUTHORITY|- COUNT\n", stderr), 2;
  const int port = atoi(argv[2]);
  const long count = atol(argv[4]);
  if (strcmp(argv[1], "get") == 0) return get(port, argv[3], (unsigned long)count);
  if (strcmp(argv[1], "ping") == 0) return ping(port, argv[3], (int)count);
  if (strcmp(argv[1], "hold") == 0) return hold(port, argv[3], (int)count);
  return churn(port, argv[3], (int)count);
}
