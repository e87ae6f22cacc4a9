// Further terminals of a virtual machine: in each a shell of the person's, behind the same walls as the program.
//
// Each is a stream of the line that the host dials at port 0. A process of its own here keeps it: it leads the
// terminal, carries it both ways, and ends the shell when the stream does. On the stream goes a part at a time:
// its kind, a zero, the size of what follows (16 bits), and that.
//   from the host  START    programs, each ended by a zero, of which the first that is there runs
//                  TYPED    bytes
//                  RESIZED  columns and rows, 16 bits each
//   to the host    MADE     the shell's number, 32 bits; it stops itself before it runs anything of the
//                           program's files, and the host lets it go on (SIGCONT) where it is as the program is
//                  SHOWN    bytes
//                  OVER     its code, 8 bits, and nothing more
#pragma once
#include "vm-program.h"

enum { MOST_TERMINALS = 8, MOST_PART = 16384, LAST_WORDS_MS = 50, MOST_LAST_WORDS = 128 * 1024 };
enum part_kind { START = 1, TYPED, RESIZED, MADE, SHOWN, OVER };

struct part {
  uint8_t kind, spare;
  uint16_t size;
  unsigned char bytes[MOST_PART];
};
enum { PART_HEAD = offsetof(struct part, bytes) };

static pid_t keepers[MOST_TERMINALS];

// As the program was started: see be_first. Whatever fails here ends this process alone.
static void be_shell(const int *spaces, int end, char *shells, size_t size) {
  if (access(GROUP, F_OK) == 0) write_group(GROUP "/cgroup.procs", "0");
  for (int i = 0; i < 3; i++)
    if (setns(spaces[i], 0) != 0) give_up("the program", "");
  for (int fd = 0; fd < 3; fd++) dup2(end, fd);
  close_all_from(3);
  take_foreground();
  setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1});
  go_to_workspace();
  char *shell = shells;
  // Looked for with the program's rights, which are all that it has from here on.
  drop_rights();
  for (char *next; access(shell, X_OK) != 0 && (next = shell + strlen(shell) + 1) < shells + size;) shell = next;
  raise(SIGSTOP);
  become(&shell, 1);
}

static pid_t start_shell(int end, char *shells, size_t size, int *gone) {
  static const char *const names[] = {"ipc", "uts", "mnt", "pid"};
  int spaces[4];
  for (int i = 0; i < 4; i++) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", program, names[i]);
    spaces[i] = open(path, O_RDONLY | O_CLOEXEC);
    if (spaces[i] < 0) give_up("the program", "");
  }
  // What is forked from now on is in the program's process table.
  if (setns(spaces[3], CLONE_NEWPID) != 0) give_up("the program", "");
  const pid_t shell = fork();
  if (shell < 0) give_up("the shell", "");
  if (shell == 0) be_shell(spaces, end, shells, size);
  for (int i = 0; i < 4; i++) close(spaces[i]);
  *gone = (int)syscall(SYS_pidfd_open, shell, 0);
  if (*gone < 0) give_up("the shell", "");
  return shell;
}

static void send_part(int peer, uint8_t kind, const void *bytes, uint16_t size) {
  struct part part = {.kind = kind, .size = size};
  memcpy(part.bytes, bytes, size);
  write_all(peer, &part, PART_HEAD + (size_t)size);
}

// What goes one way: at most one part, of which so many bytes are there, or have gone on.
struct passing {
  struct part part;
  size_t count, gone;
};

static int is_whole(const struct passing *p) {
  return p->count >= PART_HEAD && p->count == PART_HEAD + (size_t)p->part.size;
}

// No further than the end of the part. 0: the stream has ended, or is none of ours.
static int read_part(int peer, struct passing *in) {
  while (!is_whole(in)) {
    if (in->count >= PART_HEAD && in->part.size > MOST_PART) return 0;
    const size_t wanted = in->count < PART_HEAD ? PART_HEAD : PART_HEAD + (size_t)in->part.size;
    const ssize_t got = read(peer, (unsigned char *)&in->part + in->count, wanted - in->count);
    if (got > 0) in->count += (size_t)got;
    else if (got < 0 && errno == EAGAIN) return 1;
    else if (got == 0 || errno != EINTR) return 0;
  }
  return 1;
}

// Types what was read, as far as the terminal takes it.
static void take_part(struct passing *in, int own) {
  const struct part *part = &in->part;
  uint16_t size[2];
  if (part->kind == TYPED && in->gone < part->size) {
    const ssize_t sent = write(own, part->bytes + in->gone, part->size - in->gone);
    if (sent > 0) in->gone += (size_t)sent;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) in->gone = part->size;
    if (in->gone < part->size) return;
  } else if (part->kind == RESIZED && part->size == sizeof size) {
    memcpy(size, part->bytes, sizeof size);
    ioctl(own, TIOCSWINSZ, &(struct winsize){.ws_col = size[0], .ws_row = size[1]});
  }
  in->count = in->gone = 0;
}

// Returns how many bytes it took of the terminal.
static size_t read_shown(struct passing *out, int own) {
  const ssize_t got = read(own, out->part.bytes, MOST_PART);
  if (got <= 0) return 0;
  out->part.kind = SHOWN;
  out->part.size = (uint16_t)got;
  out->count = PART_HEAD + (size_t)got;
  return (size_t)got;
}

static void send_shown(struct passing *out, int peer) {
  const ssize_t sent = write(peer, (unsigned char *)&out->part + out->gone, out->count - out->gone);
  if (sent > 0) out->gone += (size_t)sent;
  if (out->gone == out->count) out->count = out->gone = 0;
}

// Until the shell has ended and what it wrote has gone on; its code, or -1: the stream has ended.
static int carry_terminal(int peer, int own, pid_t shell, int gone) {
  static struct passing in, out;
  enum { FROM_PEER, FROM_TERMINAL, FROM_SHELL };
  int code = -1;
  for (size_t last_words = 0;;) {
    const int is_over = code >= 0, reads = out.count == 0 && last_words < MOST_LAST_WORDS;
    struct pollfd waits[] = {
        {.fd = peer, .events = (short)(POLLRDHUP | (is_whole(&in) ? 0 : POLLIN) | (out.count > 0 ? POLLOUT : 0))},
        {.fd = own, .events = (short)((reads ? POLLIN : 0) | (is_whole(&in) ? POLLOUT : 0))},
        {.fd = is_over ? -1 : gone, .events = POLLIN},
    };
    const int ready = poll(waits, 3, is_over ? LAST_WORDS_MS : -1);
    // What still runs in the background may write without end.
    if (is_over && out.count == 0 && (ready == 0 || last_words >= MOST_LAST_WORDS)) return code;
    if (waits[FROM_PEER].revents & (POLLRDHUP | POLLHUP | POLLERR)) break;
    if ((waits[FROM_PEER].revents & POLLIN) && !read_part(peer, &in)) break;
    if (is_whole(&in)) take_part(&in, own);
    if (reads && (waits[FROM_TERMINAL].revents & POLLIN)) {
      const size_t got = read_shown(&out, own);
      if (is_over) last_words += got;
    }
    if (out.count > 0) send_shown(&out, peer);
    int status;
    // At once, because the program's process table ends only when nobody in it waits for this.
    if (waits[FROM_SHELL].revents && waitpid(shell, &status, 0) == shell)
      code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  if (code < 0 && kill(shell, SIGKILL) == 0) waitpid(shell, 0, 0);
  return -1;
}

static void keep_terminal(int given) {
  static struct passing asked;
  // Nothing of the machine's first process is left but the stream; and no program may look into this one.
  is_beside = 1;
  control = -1;
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const int peer = dup2(given, 3);
  close_all_from(4);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  if (!read_part(peer, &asked) || asked.part.kind != START || asked.part.size == 0) _exit(125);
  asked.part.bytes[asked.part.size - 1] = 0;
  int end;
  const int own = open_pair(&end);
  if (own < 0) give_up("the terminal", "");
  ioctl(own, TIOCSWINSZ, &first_size);
  // The terminal is this process's: what the shell leaves in the background keeps it as long as this lives.
  if (setsid() < 0 || ioctl(end, TIOCSCTTY, 0) != 0) give_up("the terminal", "");
  int gone;
  const pid_t shell = start_shell(end, (char *)asked.part.bytes, asked.part.size, &gone);
  const uint32_t number = (uint32_t)shell;
  send_part(peer, MADE, &number, sizeof number);
  unblock(peer);
  const int code = carry_terminal(peer, own, shell, gone);
  const unsigned char word = (unsigned char)code;
  if (code >= 0) send_part(peer, OVER, &word, sizeof word);
  _exit(0);
}

static void open_terminal(uint32_t id) {
  int ends[2], place = 0;
  while (place < MOST_TERMINALS && keepers[place] > 0) place++;
  if (place == MOST_TERMINALS || program <= 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    send_frame(RESET, id, 0, 0);
    return;
  }
  const pid_t keeper = fork();
  if (keeper == 0) keep_terminal(ends[1]);
  close(ends[1]);
  take_place(id, ends[0], 0);
  // Without one the stream ends by itself.
  if (keeper > 0) keepers[place] = keeper;
}

static void forget_keeper(pid_t ended) {
  for (int place = 0; place < MOST_TERMINALS; place++)
    if (keepers[place] == ended) keepers[place] = 0;
}
