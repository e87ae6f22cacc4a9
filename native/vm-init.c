// First process of a virtual machine of Cloche's. Takes the plan from the host, makes the file system
// and the network of the program, starts it without rights on a terminal, and answers the host's
// questions until it has ended. Started by the kernel from the initramfs, as /init.
//
// Ports, by name:
//   cloche.terminal  the program's terminal, as it is
//   cloche.line      the line of vm-line.h to vm-runner.c; further terminals are streams on it
//   cloche.control   messages of the host: size, id, kind, content; what is not asked for has id 0
//   cloche.events    the words of process-events.c, which runs here
//   cloche.owners    the words of socket-owners.c, which runs here
//   cloche.files     where changes of files are observed: calls as guest-observer.c tells them, which runs here
//
// In the initramfs: /modules (files in their order, one a line), /disk-modules (the same, for a root from an
// image), /filter (struct sock_filter), and the programs /events, /network, /owners and /observer, and where there is
// one /probe. A failure is a line on the console and the end of the machine.
#define _GNU_SOURCE
#include "vm-asks.h"
#include "vm-network.h"
#include "vm-terminals.h"

// ---- the machine before there is a plan ----

static void raise_loopback(void) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_name = "lo"};
  ioctl(fd, SIOCGIFFLAGS, &request);
  request.ifr_flags |= IFF_UP;
  if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) give_up("the loopback", "");
  close(fd);
}

static void prepare(void) {
  const char *const folders[] = {"/proc", "/sys", "/dev", ROOT, "/groups"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) mkdir(folders[i], 0755);
  mount("dev", "/dev", "devtmpfs", 0, 0);
  const int console = open("/dev/console", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3 && console >= 0; fd++) dup2(console, fd);
  if (mount("proc", "/proc", "proc", 0, 0) != 0) give_up("/proc", "");
  if (mount("sys", "/sys", "sysfs", 0, 0) != 0) give_up("/sys", "");
  load_modules("/modules");
  raise_loopback();
  write_file("/proc/sys/kernel/printk", "1");
  write_file("/proc/sys/net/ipv4/ip_unprivileged_port_start", "1024");
  mkdir("/dev/pts", 0755);
  if (mount("pts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0600") != 0) give_up("terminals", "");
  struct stat info;
  const int fd = open("/filter", O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &info) != 0) give_up("the filter", "");
  filter.filter = malloc((size_t)info.st_size);
  filter.len = (unsigned short)((size_t)info.st_size / sizeof *filter.filter);
  if (!filter.filter || read(fd, filter.filter, (size_t)info.st_size) != info.st_size) give_up("the filter", "");
  close(fd);
}

// ---- the line ----

static void take_own_frame(const struct head *head, const unsigned char *data) {
  uint16_t both[2];
  switch (head->type) {
    case ANSWER:
      if (askers[head->id % MOST_ASKERS].id == head->id)
        sendto(resolver, data, head->size, 0, (void *)&askers[head->id % MOST_ASKERS].from, sizeof(struct sockaddr_in));
      return;
    case SIZE:
      memcpy(both, data, sizeof both);
      first_size = (struct winsize){.ws_col = both[0], .ws_row = both[1]};
      set_size(both[0], both[1]);
      return;
    case DIAL:
      memcpy(both, data, sizeof both[0]);
      if (both[0] == TERMINALS_PORT) open_terminal(head->id);
      else dial(head->id, both[0]);
      return;
    case BYE: stop_machine(); return;
    default: return;
  }
}

// ---- until the program has ended ----

static char shown[ROOM], typed[ROOM];
static size_t shown_count, typed_count;
static uint64_t shown_total;
static int program_code = -1;

static int copy(int from, int to, char *bytes, size_t *count, int is_ready) {
  int goes_on = 1;
  if (is_ready && *count < ROOM) {
    const ssize_t got = read(from, bytes + *count, ROOM - *count);
    if (got > 0) *count += (size_t)got;
    else goes_on = got < 0 && (errno == EAGAIN || errno == EINTR);
  }
  const size_t most = *count > 32768 ? 32768 : *count;
  const ssize_t sent = most > 0 ? write(to, bytes, most) : 0;
  if (sent > 0) {
    *count -= (size_t)sent;
    memmove(bytes, bytes + sent, *count);
    if (bytes == shown) shown_total += (uint64_t)sent;
  }
  return goes_on;
}

static void reap(void) {
  int status;
  for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
    forget_keeper(ended);
    if (ended == program) {
      program_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      program = 0;
    }
  }
}

static void tell_end(void) {
  unsigned char words[16] = {0};
  memcpy(words, &shown_total, sizeof shown_total);
  words[8] = (unsigned char)program_code;
  send_frame(EXITED, 0, words, sizeof words);
}

static void serve(int signals) {
  static struct pollfd waits[MOST_STREAMS + 32];
  static struct stream *whose[MOST_STREAMS + 32];
  int reads_shown = 1, is_told = 0;
  for (;;) {
    flush_line();
    const int fds[] = {signals, control, proxy, direct[0], direct[1], resolver, from_program};
    size_t count = 0;
    for (; count < 7; count++) waits[count] = (struct pollfd){.fd = fds[count], .events = POLLIN};
    if (!has_room()) waits[2].fd = waits[3].fd = waits[4].fd = -1;
    waits[7] = (struct pollfd){.fd = line, .events = (short)(POLLIN | (going_count > 0 ? POLLOUT : 0))};
    waits[8] = (struct pollfd){.fd = terminal, .events = (short)((typed_count < ROOM ? POLLIN : 0) | (shown_count > 0 ? POLLOUT : 0))};
    const short from_master = reads_shown && shown_count < ROOM ? POLLIN : 0;
    waits[9] = (struct pollfd){.fd = reads_shown ? master : -1, .events = (short)(from_master | (typed_count > 0 ? POLLOUT : 0))};
    count = 10;
    for (int i = 0; i < RUNS; i++) waits[count++] = (struct pollfd){.fd = runs[i].pid > 0 ? runs[i].out : -1, .events = POLLIN};
    const size_t first = count;
    count = add_streams(waits, whose, count);
    if (poll(waits, count, -1) < 0 && errno != EINTR) give_up("waiting", "");

    struct signalfd_siginfo told;
    while (read(signals, &told, sizeof told) > 0) reap();
    if (waits[1].revents) read_control();
    for (int i = 0; i < RUNS; i++)
      if (waits[10 + i].revents) read_run(i);
    for (int i = 2; i < 5; i++)
      if (waits[i].revents) accept_all(waits[i].fd);
    if (waits[5].revents) ask_names();
    if (waits[6].revents) {
      char said[8192];
      const ssize_t got = read(from_program, said, sizeof said);
      if (got > 0) send_message(0, REPORT, said, (size_t)got);
      else if (got == 0) {
        close(from_program);
        from_program = -1;
      }
    }
    for (size_t i = first; i < count; i++)
      if (waits[i].revents && whose[i]->is_used) socket_is_ready(whose[i], waits[i].revents);
    if ((waits[7].revents & POLLIN) && !read_line()) stop_machine();
    if (master < 0) continue;
    copy(terminal, master, typed, &typed_count, waits[8].revents & POLLIN);
    // An error says that no program has the terminal open; it may be opened again as long as one lives.
    if (reads_shown && !copy(master, terminal, shown, &shown_count, waits[9].revents & (POLLIN | POLLHUP)) && program == 0) reads_shown = 0;
    if (program == 0 && !reads_shown && shown_count == 0 && !is_told) {
      is_told = 1;
      tell_end();
    }
  }
}

int main(void) {
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  sigprocmask(SIG_BLOCK, &watched, 0);
  signal(SIGPIPE, SIG_IGN);
  prepare();
  control = open_port("cloche.control");
  line = open_port("cloche.line");
  terminal = open_port("cloche.terminal");
  const int events = open_port("cloche.events");
  start((const char *const[]){"/events", 0}, events);
  close(events);
  take_network();
  unblock(line);
  unblock(terminal);
  unblock(control);
  const int signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
  send_message(0, READY, 0, 0);
  serve(signals);
  return 1;
}
