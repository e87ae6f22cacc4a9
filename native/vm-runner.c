// Runs a virtual machine inside a sandbox, in the place of the program, and stands between the two:
// the terminal goes to the machine and back, and each connection of a program in the machine is made
// anew here, where the egress gateway is all there is to reach.
//
//   vm-runner PORT -- QEMU ARGUMENT...
//     QEMU gets the terminal at descriptor 10, the line of vm-line.h at 11, and at 12 where it writes what the
//     machine's kernel says. Whoever connects to PORT here and sends two bytes gets the machine's port of
//     that number.
//   vm-runner proxy -- QEMU ARGUMENT...
//     Where the sandbox has no network of its own, as on macOS: what goes to the machine's proxy is connected to
//     the port of the loopback that HTTP_PROXY names, and nothing else to anything. Nothing listens here.
//
// Ends with the code of the program in the machine, or with 125 when the machine ended by itself; then it says
// why, where the machine's kernel said so.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <termios.h>
#include "vm-line.h"

enum { TERMINAL_FD = 10, CONSOLE_FD = 12, CONSOLE_ROOM = 8192, MOST_QUESTIONS = 32, TERMINAL_ROOM = 65536, RESOLVER_PORT = 53, PROXY_PORT = 3128 };

static pid_t machine;
static int terminal = -1, console = -1;
// The last that the machine's kernel said.
static char kernel_words[CONSOLE_ROOM + 1];
static size_t kernel_count;
// What came from the machine for the terminal, and from the terminal for the machine.
static unsigned char shown[TERMINAL_ROOM], typed[TERMINAL_ROOM];
static size_t shown_count, typed_count;
static uint64_t shown_total, wanted_total = UINT64_MAX;
static int exit_code = -1;
static struct { int fd; uint32_t id; } questions[MOST_QUESTIONS];
static struct termios before;
static int is_raw;
// Of the loopback, where the gateway is; 0: the network here is the sandbox's own, and has it everywhere.
static uint16_t gateway;

// Descriptors that no program gets that is started here; systems differ in whether one call can ask for that.
static int keep_out(int fd) {
  if (fd >= 0) fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

static int new_socket(int family, int type) {
  const int fd = keep_out(socket(family, type, 0));
  if (fd >= 0) unblock(fd);
  return fd;
}

// Numbers of signals that came, a byte each.
static int told[2];

static void tell_signal(int number) {
  const int saved = errno;
  const unsigned char byte = (unsigned char)number;
  if (write(told[1], &byte, 1) < 0) errno = saved;
  errno = saved;
}

static void watch_signals(void) {
  static const int watched[] = {SIGCHLD, SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT};
  if (pipe(told) != 0) die("signals");
  for (int i = 0; i < 2; i++) unblock(keep_out(told[i]));
  struct sigaction action = {.sa_handler = tell_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) sigaction(watched[i], &action, 0);
}

static void restore(void) {
  if (is_raw) tcsetattr(0, TCSANOW, &before);
}

static void go_raw(void) {
  if (tcgetattr(0, &before) != 0) return;
  struct termios raw = before;
  cfmakeraw(&raw);
  is_raw = tcsetattr(0, TCSANOW, &raw) == 0;
}

// Of what it has, the older half goes when there is no more room.
static void read_console(void) {
  for (;;) {
    if (kernel_count == CONSOLE_ROOM) {
      kernel_count /= 2;
      memmove(kernel_words, kernel_words + kernel_count, kernel_count);
    }
    const ssize_t got = read(console, kernel_words + kernel_count, CONSOLE_ROOM - kernel_count);
    if (got > 0) kernel_count += (size_t)got;
    else if (got == 0 || errno != EINTR) {
      if (got == 0) console = -1;
      return;
    }
  }
}

// In the kernel's own words, of which nothing reaches the terminal but plain letters.
static void tell_panic(void) {
  static const char mark[] = "Kernel panic - not syncing: ";
  char why[121];
  size_t count = 0;
  const char *at = memmem(kernel_words, kernel_count, mark, sizeof mark - 1);
  if (!at) return;
  for (at += sizeof mark - 1; at < kernel_words + kernel_count && *at != '\n' && *at != '\r' && count < sizeof why - 1; at++)
    why[count++] = *at >= ' ' && *at <= '~' ? *at : '?';
  why[count] = 0;
  fprintf(stderr, "Its kernel panicked: %s.\r\n", why);
}

static void start_machine(char **argv) {
  int ends[2][2], said[2];
  for (int i = 0; i < 2; i++)
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i]) != 0) die("the line");
  if (pipe(said) != 0) die("the console");
  for (int i = 0; i < 2; i++) {
    for (int end = 0; end < 2; end++) keep_out(ends[i][end]);
    keep_out(said[i]);
  }
  machine = fork();
  if (machine < 0) die("the machine");
  if (machine == 0) {
#ifdef __linux__
    // Elsewhere the machine ends by itself when its line does.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    // Out of the way of each other first: one may have the number that another is to get.
    int given[] = {ends[0][1], ends[1][1], said[1]};
    for (int i = 0; i < 3; i++)
      if ((given[i] = fcntl(given[i], F_DUPFD_CLOEXEC, CONSOLE_FD + 1)) < 0) die("the line");
    for (int i = 0; i < 3; i++)
      if (dup2(given[i], TERMINAL_FD + i) < 0) die("the line");
    // Its words go to the terminal; it reads nothing there.
    const int none = open("/dev/null", O_RDONLY);
    if (none >= 0) dup2(none, 0);
    execv(argv[0], argv);
    die(argv[0]);
  }
  for (int i = 0; i < 2; i++) close(ends[i][1]);
  close(said[1]);
  console = said[0];
  unblock(console);
  terminal = ends[0][0];
  line = ends[1][0];
  unblock(terminal);
  unblock(line);
}

static void send_size(void) {
  struct winsize size;
  if (ioctl(0, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return;
  const uint16_t both[2] = {size.ws_col, size.ws_row};
  send_frame(SIZE, 0, both, sizeof both);
}

// From the end it has in the machine: so the gateway sees the same two ends as the kernel in there.
static int connect_as(const struct address *to) {
  const int is6 = to->family == 6;
  const int fd = new_socket(is6 ? AF_INET6 : AF_INET, SOCK_STREAM);
  if (fd < 0) return -1;
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(to->own_port)};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(to->own_port)};
  memcpy(is6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr, to->own, is6 ? 16 : 4);
  // Where that end is taken any other will do; who asked is then not known.
  if (bind(fd, is6 ? (void *)&v6 : (void *)&v4, is6 ? sizeof v6 : sizeof v4) != 0) errno = 0;
  v4.sin_port = v6.sin6_port = htons(to->port);
  memcpy(is6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr, to->bytes, is6 ? 16 : 4);
  if (connect(fd, is6 ? (void *)&v6 : (void *)&v4, is6 ? sizeof v6 : sizeof v4) == 0 || errno == EINPROGRESS) return fd;
  close(fd);
  return -1;
}

// The one way out: from the same port, or not at all, so that the gateway never takes one program for another.
static int connect_gateway(const struct address *to) {
  const uint32_t loopback = htonl(INADDR_LOOPBACK);
  if (to->family != 4 || to->port != PROXY_PORT || memcmp(to->bytes, &loopback, sizeof loopback) != 0) return -1;
  const int fd = new_socket(AF_INET, SOCK_STREAM), one = 1;
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(to->own_port), .sin_addr = {loopback}};
  const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(gateway), .sin_addr = {loopback}};
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (const void *)&own, sizeof own) == 0 && (connect(fd, (const void *)&at, sizeof at) == 0 || errno == EINPROGRESS)) return fd;
  close(fd);
  return -1;
}

static void ask(uint32_t id, const unsigned char *question, size_t size) {
  static unsigned next;
  const unsigned place = next++ % MOST_QUESTIONS;
  if (questions[place].fd > 0) close(questions[place].fd);
  const int fd = new_socket(AF_INET, SOCK_DGRAM);
  struct sockaddr_in resolver = {.sin_family = AF_INET, .sin_port = htons(RESOLVER_PORT), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  questions[place].fd = fd;
  questions[place].id = id;
  if (fd < 0 || connect(fd, (void *)&resolver, sizeof resolver) != 0) return;
  if (send(fd, question, size, MSG_NOSIGNAL) < 0) errno = 0;
}

static void answer(unsigned place) {
  unsigned char words[4096];
  const ssize_t got = recv(questions[place].fd, words, sizeof words, 0);
  if (got > 0) send_frame(ANSWER, questions[place].id, words, (size_t)got);
  close(questions[place].fd);
  questions[place].fd = 0;
}

static void take_own_frame(const struct head *head, const unsigned char *data) {
  struct address to;
  switch (head->type) {
    case OPEN: {
      if (head->size != sizeof to || (head->id & 0xffff) >= OPENED_INSIDE) return;
      memcpy(&to, data, sizeof to);
      const int fd = gateway ? connect_gateway(&to) : connect_as(&to);
      if (fd < 0) send_frame(RESET, head->id, 0, 0);
      else take_place(head->id, fd, 1);
      return;
    }
    case ASK:
      if (!gateway) ask(head->id, data, head->size);
      return;
    case EXITED:
      if (head->size != 16 || exit_code >= 0) return;
      memcpy(&wanted_total, data, sizeof wanted_total);
      exit_code = data[8];
      return;
    default: return;
  }
}

static int listen_local(uint16_t port) {
  const int fd = new_socket(AF_INET, SOCK_STREAM), one = 1;
  const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (fd < 0 || bind(fd, (void *)&at, sizeof at) != 0 || listen(fd, 64) != 0) die("the port");
  return fd;
}

// The two bytes are sent before anything else, by the host itself.
static void dial(int listener) {
  const int fd = keep_out(accept(listener, 0, 0));
  if (fd < 0) return;
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  const struct timeval soon = {.tv_usec = 500000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
  uint16_t port;
  if (recv(fd, &port, sizeof port, MSG_WAITALL) != sizeof port) {
    close(fd);
    return;
  }
  port = ntohs(port);
  struct stream *s = new_stream(fd, OPENED_INSIDE, MOST_STREAMS, 0);
  if (s) send_frame(DIAL, s->id, &port, sizeof port);
  else close(fd);
}

// Moves what it can; 0: the source has ended.
static int move(int from, int to, unsigned char *bytes, size_t *count, short ready_from, uint64_t *total) {
  int goes_on = 1;
  if ((ready_from & (POLLIN | POLLHUP | POLLERR)) && *count < TERMINAL_ROOM) {
    const ssize_t got = read(from, bytes + *count, TERMINAL_ROOM - *count);
    if (got > 0) *count += (size_t)got;
    else goes_on = got < 0 && (errno == EAGAIN || errno == EINTR);
  }
  const ssize_t sent = *count > 0 ? write(to, bytes, *count) : 0;
  if (sent > 0) {
    *count -= (size_t)sent;
    memmove(bytes, bytes + sent, *count);
    if (total) *total += (uint64_t)sent;
  }
  return goes_on;
}

static int run(int dialled) {
  static struct pollfd waits[MOST_STREAMS + MOST_QUESTIONS + 8];
  static struct stream *whose[MOST_STREAMS + MOST_QUESTIONS + 8];
  int reads_typed = 1, reads_shown = 1, is_told = 0;
  for (;;) {
    flush_line();
    waits[0] = (struct pollfd){.fd = line, .events = (short)(POLLIN | (going_count > 0 ? POLLOUT : 0))};
    waits[1] = (struct pollfd){.fd = reads_typed && typed_count < TERMINAL_ROOM ? 0 : -1, .events = POLLIN};
    const short from_machine = reads_shown && shown_count < TERMINAL_ROOM ? POLLIN : 0;
    waits[2] = (struct pollfd){.fd = reads_shown ? terminal : -1, .events = (short)(from_machine | (typed_count > 0 ? POLLOUT : 0))};
    waits[3] = (struct pollfd){.fd = shown_count > 0 ? 1 : -1, .events = POLLOUT};
    waits[4] = (struct pollfd){.fd = told[0], .events = POLLIN};
    waits[5] = (struct pollfd){.fd = dialled, .events = POLLIN};
    waits[6] = (struct pollfd){.fd = console, .events = POLLIN};
    size_t count = 7;
    for (unsigned i = 0; i < MOST_QUESTIONS; i++)
      waits[count++] = (struct pollfd){.fd = questions[i].fd > 0 ? questions[i].fd : -1, .events = POLLIN};
    const size_t first = count;
    count = add_streams(waits, whose, count);
    if (poll(waits, count, -1) < 0 && errno != EINTR) die("waiting");

    if (waits[4].revents) {
      for (unsigned char number; read(told[0], &number, 1) == 1;) {
        if (number == SIGWINCH) send_size();
        else if (number != SIGCHLD) kill(machine, SIGKILL);
      }
      if (waitpid(machine, 0, WNOHANG) == machine) {
        while (reads_shown && move(terminal, 1, shown, &shown_count, POLLIN, 0) && shown_count > 0) {}
        read_console();
        return exit_code >= 0 ? exit_code : -1;
      }
    }
    for (size_t i = first; i < count; i++)
      if (waits[i].revents && whose[i]->is_used) socket_is_ready(whose[i], waits[i].revents);
    for (unsigned i = 0; i < MOST_QUESTIONS; i++)
      if (waits[7 + i].revents) answer(i);
    if (waits[5].revents) dial(dialled);
    if (waits[6].revents) read_console();
    if ((waits[0].revents & (POLLIN | POLLHUP)) && !read_line()) {
      // It is gone, or breaks the rules of the line.
      kill(machine, SIGKILL);
      line = -1;
    }
    if (reads_typed) reads_typed = move(0, terminal, typed, &typed_count, waits[1].revents, 0);
    if (reads_shown) reads_shown = move(terminal, 1, shown, &shown_count, waits[2].revents & (POLLIN | POLLHUP), &shown_total);
    // Its terminal is closed: nobody sees it any more.
    if (!reads_typed) kill(machine, SIGKILL);
    if (exit_code >= 0 && !is_told && shown_total >= wanted_total) {
      send_frame(BYE, 0, 0, 0);
      is_told = 1;
    }
  }
}

static int find_gateway(void) {
  const char *proxy = getenv("HTTP_PROXY");
  unsigned port = 0;
  if (!proxy || sscanf(proxy, "http://127.0.0.1:%u", &port) != 1 || port > 65535) return 0;
  gateway = (uint16_t)port;
  return gateway != 0;
}

int main(int argc, char **argv) {
  if (argc < 4 || strcmp(argv[2], "--") != 0) {
    fprintf(stderr, "vm-runner PORT|proxy -- QEMU...\n");
    return 125;
  }
  const int is_proxied = strcmp(argv[1], "proxy") == 0;
  if (is_proxied && !find_gateway()) {
    fprintf(stderr, "HTTP_PROXY names no port of the loopback.\n");
    return 125;
  }
  watch_signals();
  signal(SIGPIPE, SIG_IGN);
  const int dialled = is_proxied ? -1 : listen_local((uint16_t)atoi(argv[1]));
  go_raw();
  atexit(restore);
  start_machine(argv + 3);
  send_size();
  const int code = run(dialled);
  restore();
  if (code >= 0) return code;
  fprintf(stderr, "The virtual machine ended by itself.\r\n");
  tell_panic();
  return 125;
}
