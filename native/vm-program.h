// The program of a virtual machine: without rights, under the filter, in a process table of its own.
#pragma once
#include "vm-files.h"
#include "write-notices.h"

static void set_size(uint16_t columns, uint16_t rows) {
  const struct winsize size = {.ws_col = columns, .ws_row = rows};
  if (master >= 0) ioctl(master, TIOCSWINSZ, &size);
}

static struct winsize first_size = {.ws_col = 120, .ws_row = 32};

static void drop_rights(void) {
  for (int capability = 0; capability < 64; capability++) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  if (setgroups(0, 0) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) give_up("the user", "");
  // Where that is root, the rights go by themselves only with these.
  struct { uint32_t version; int pid; } head = {0x20080522, 0};
  const uint32_t none[6] = {0};
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (syscall(SYS_capset, &head, none) != 0) give_up("the rights", "");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up("the rights", "");
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0) give_up("the filter", "");
}

// `empty`: a file that nobody may read, of the machine and not below the new root.
static void guard_proc(int empty) {
  enum { CLOSED = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC };
  char source[32];
  snprintf(source, sizeof source, "/proc/self/fd/%d", empty);
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0) != 0) give_up("/proc", "");
  char **part;
  struct stat info;
  for (size_t at = 0; next_part(&at, &part);) {
    if (!(is(part[0], "guard") || is(part[0], "hide")) || stat(part[1], &info) != 0) continue;
    const char *path = part[1];
    if (is(part[0], "guard")) {
      if (mount(path, path, 0, MS_BIND | MS_REC, 0) != 0 || mount(0, path, 0, CLOSED, 0) != 0) give_up("read-only:", path);
    } else if (S_ISDIR(info.st_mode)) {
      if (mount("none", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "mode=755,size=4096") != 0) give_up("hidden:", path);
    } else if (mount(source, path, 0, MS_BIND, 0) != 0 || mount(0, path, 0, CLOSED, 0) != 0) give_up("hidden:", path);
  }
}

static void go_to_workspace(void) {
  char **part;
  for (size_t at = 0; next_part(&at, &part);)
    if (is(part[0], "cwd") && chdir(part[1]) != 0) _exit(125);
}

// The terminal's, so that its keys are this process's; and its signals are again as a program expects them.
static void take_foreground(void) {
  signal(SIGTTOU, SIG_IGN);
  setpgid(0, 0);
  tcsetpgrp(0, getpid());
  signal(SIGTTOU, SIG_DFL);
  signal(SIGPIPE, SIG_DFL);
}

// The program as the plan has it, or with `words` another one; the environment is the same.
static void become(char **words, size_t count) {
  static char *argv[8192], *env[4096];
  size_t argc = 0, envc = 0;
  char **part;
  for (size_t at = 0; next_part(&at, &part);) {
    if (is(part[0], "env") && envc < 4095) env[envc++] = part[1];
    else if (is(part[0], "arg") && !words && argc < 8191) argv[argc++] = part[1];
  }
  for (size_t i = 0; words && i < count && i < 8191; i++) argv[argc++] = words[i];
  if (argc == 0) _exit(125);
  execve(argv[0], argv, env);
  fprintf(stderr, "%s: %s\r\n", argv[0], strerror(errno));
  _exit(125);
}

static void close_all_from(int first) {
  syscall(SYS_close_range, (unsigned)first, ~0u, 0);
}

// Starts who is asked to observe the program's changes of files, and gives where it is asked; -1: nobody observes.
static int start_observer(void) {
  char **part, number[16];
  for (size_t at = 0; next_part(&at, &part);) {
    if (!is(part[0], "observed")) continue;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) give_up("the observer of files", "");
    const int host = open_port("cloche.files");
    snprintf(number, sizeof number, "%d", ends[1]);
    fcntl(ends[1], F_SETFD, 0);
    start((const char *const[]){"/observer", part[1], number, 0}, host);
    close(host);
    close(ends[1]);
    return ends[0];
  }
  return -1;
}

// Whether the first program is native/probe.c; else it is a shell, with the words of a script.
static int has_probe(void) {
  char **part;
  for (size_t at = 0; next_part(&at, &part);)
    if (is(part[0], "probe")) return 1;
  return 0;
}

// First process of the program's own process table: collects orphans, and ends as the program does.
static void be_first(int report, int go, int observer) {
  // By itself, before it starts anything that could stay outside.
  if (access(GROUP, F_OK) == 0) write_group(GROUP "/cgroup.procs", "0");
  if (sethostname("cloche", 6) != 0) give_up("the name", "");
  mount(0, "/", 0, MS_REC | MS_PRIVATE, 0);
  close(open("/empty", O_WRONLY | O_CREAT | O_CLOEXEC, 0));
  const int empty = open("/empty", O_PATH | O_CLOEXEC);
  if (empty < 0) give_up("an empty file", "");
  // Nothing of ours can be found inside: it is executed from here.
  const int probe = has_probe() ? open("/probe", O_RDONLY | O_CLOEXEC) : -1;
  if (chdir(ROOT) != 0 || mount(".", "/", 0, MS_MOVE, 0) != 0 || chroot(".") != 0 || chdir("/") != 0) give_up("the root", "");
  guard_proc(empty);
  setsid();
  if (ioctl(slave, TIOCSCTTY, 0) != 0) give_up("the terminal", "");
  for (int fd = 0; fd < 3; fd++) dup2(slave, fd);
  if (dup2(go, FROM_HOST) < 0 || dup2(report, TO_HOST) < 0) give_up("the host", "");
  if (has_probe() && dup2(probe, OF_PROBE) < 0) give_up("the probe", "");
  // Our own filter lets no second one have notices.
  if (observer >= 0 && be_observed_by(observer) > 0) give_up("the observer of files", "");
  close_all_from(10);
  control = -1;
  setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1});
  drop_rights();
  sigset_t signals;
  sigemptyset(&signals);
  for (const int *s = (const int[]){SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, 0}; *s; s++) sigaddset(&signals, *s);
  sigprocmask(SIG_BLOCK, &signals, 0);
  const pid_t child = fork();
  if (child == 0) {
    take_foreground();
    sigprocmask(SIG_UNBLOCK, &signals, 0);
    go_to_workspace();
    become(0, 0);
  }
  close_all_from(3);
  for (siginfo_t told; child > 0;) {
    if (sigwaitinfo(&signals, &told) < 0) continue;
    if (told.si_signo != SIGCHLD) kill(child, told.si_signo);
    int status;
    for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;)
      if (ended == child) _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  }
  _exit(125);
}

// A new terminal of the user's: this side of it, and its end for a program. -1 with errno.
static int open_pair(int *end) {
  const int own = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  int number = 0, unlocked = 0;
  if (own < 0 || ioctl(own, TIOCSPTLCK, &unlocked) != 0 || ioctl(own, TIOCGPTN, &number) != 0) return -1;
  char path[32];
  snprintf(path, sizeof path, "/dev/pts/%d", number);
  *end = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  return *end >= 0 && fchown(*end, uid, gid) == 0 ? own : -1;
}

static void start_program(void) {
  make_files();
  master = open_pair(&slave);
  if (master < 0) give_up("the terminal", "");
  set_size(first_size.ws_col, first_size.ws_row);
  int report[2], go[2];
  if (pipe2(report, O_CLOEXEC) != 0 || pipe2(go, O_CLOEXEC) != 0) give_up("the host", "");
  const int observer = start_observer();
  const long made = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0);
  if (made < 0) give_up("the program", "");
  if (made == 0) be_first(report[1], go[0], observer);
  program = (pid_t)made;
  close(slave);
  close(report[1]);
  close(go[0]);
  if (observer >= 0) close(observer);
  // The network stands, and the probe may try it.
  if (has_probe()) write_all(go[1], "try\n", 4);
  from_program = report[0];
  to_program = go[1];
  unblock(from_program);
  const uint32_t told = (uint32_t)program;
  send_message(0, READY, &told, sizeof told);
}
