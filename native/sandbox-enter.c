// Starts one more program in a sandbox of bubblewrap that stands, behind every wall its first one has:
// a person's further terminal.
//
//   sandbox-enter PID TICKS FILTER VARIABLES FOLDER -- SHELL...
//     PID and TICKS: the sandbox's first process, and when it started (field 22 of its stat).
//     FILTER: see program-filter.h. VARIABLES: a pipe of NAME=VALUE, each ended by a zero; the whole
//     environment. FOLDER: where it starts. SHELL: programs inside, of which the first that is there runs.
//
// The program stops itself once the last wall stands and before it runs anything of the sandbox's. The
// host looks at it then from outside, and lets it go on (SIGCONT) only where it is as the agent is.
// This process stays outside as the leader of the terminal, and ends as the program does; the program
// ends when this process does. A failure is one line on standard error and code 125.
#define _GNU_SOURCE
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "program-filter.h"

enum { FAILED = 125, MOST_VARIABLES = 4 * 1024 * 1024, MOST_NAMES = 64 * 1024, STAT_BYTES = 4096 };
enum { SPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS };

static void die(const char *what) {
  fprintf(stderr, "%s: %s\r\n", what, strerror(errno));
  exit(FAILED);
}

// At most SIZE - 1 bytes of a file, ended by a zero.
static size_t read_file(const char *path, char *to, size_t size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) die(path);
  size_t got = 0;
  for (ssize_t part; got < size - 1 && (part = read(fd, to + got, size - 1 - got)) != 0;) {
    if (part < 0 && errno != EINTR) die(path);
    if (part > 0) got += (size_t)part;
  }
  close(fd);
  to[got] = 0;
  return got;
}

// A descriptor of exactly that process: no later one of its number can be taken for it.
static int hold(const char *pid, const char *ticks) {
  const int fd = (int)syscall(SYS_pidfd_open, (pid_t)atoi(pid), 0);
  if (fd < 0) die("the sandbox");
  char path[64], text[STAT_BYTES];
  snprintf(path, sizeof path, "/proc/%s/stat", pid);
  read_file(path, text, sizeof text);
  char *rest = strrchr(text, ')');  // the name before it may hold anything
  char *field = rest ? strtok(rest + 1, " ") : NULL;
  for (int number = 3; field && number < 22; number++) field = strtok(NULL, " ");
  if (!field || strcmp(field, ticks) != 0) errno = ESRCH, die("the sandbox");
  return fd;
}

static char **take_variables(const char *path) {
  char *words = malloc(MOST_VARIABLES + 1), **names = calloc(MOST_NAMES + 1, sizeof *names);
  if (!words || !names) die("the variables");
  const size_t size = read_file(path, words, MOST_VARIABLES + 1);
  size_t count = 0;
  for (char *at = words; at < words + size; at += strlen(at) + 1) {
    if (count == MOST_NAMES || size == MOST_VARIABLES) errno = E2BIG, die("the variables");
    names[count++] = at;
  }
  return names;
}

static struct rlimit limits[RLIM_NLIMITS];

static void read_limits(pid_t pid) {
  for (int each = 0; each < RLIM_NLIMITS; each++)
    if (prlimit(pid, each, NULL, &limits[each]) != 0) die("the limits");
}

static void set_limits(int niceness) {
  for (int each = 0; each < RLIM_NLIMITS; each++)
    if (setrlimit(each, &limits[each]) != 0) die("the limits");
  if (setpriority(PRIO_PROCESS, 0, niceness) != 0) die("the priority");
}

static int is_other(const char *pid, const char *space) {
  char path[64], theirs[64] = "", ours[64] = "";
  snprintf(path, sizeof path, "/proc/%s/ns/%s", pid, space);
  if (readlink(path, theirs, sizeof theirs - 1) < 0) die(path);
  snprintf(path, sizeof path, "/proc/self/ns/%s", space);
  if (readlink(path, ours, sizeof ours - 1) < 0) die(path);
  return strcmp(theirs, ours) != 0;
}

static void drop_rights(void) {
  for (int each = 0; prctl(PR_CAPBSET_READ, each, 0, 0, 0) >= 0; each++)
    if (prctl(PR_CAPBSET_DROP, each, 0, 0, 0) != 0) die("the rights");
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) die("the rights");
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};
  if (syscall(SYS_capset, &head, none) != 0) die("the rights");
}

static void be_program(int leader, const struct sock_fprog *filter, int niceness, char **variables, char **words) {
  // The terminal's foreground, so that its keys are the program's.
  signal(SIGTTOU, SIG_IGN);
  if (setpgid(0, 0) != 0 || tcsetpgrp(0, getpid()) != 0) die("the terminal");
  signal(SIGTTOU, SIG_DFL);
  set_limits(niceness);
  const char *folder = words[0];
  if (chdir(folder) != 0) die(folder);
  char **shell = words + 2;
  while (shell[1] && access(*shell, X_OK) != 0) shell++;
  drop_rights();
  // Only now, because a change of rights undoes it; the leader may have ended before.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) die("the terminal");
  struct pollfd gone = {leader, POLLIN, 0};
  if (poll(&gone, 1, 0) != 0) errno = ESRCH, die("the terminal");
  if (set_filter(filter) != 0) die("the system-call filter");
  // Nothing of the outside is left in it, and the host has to be able to look at it.
  if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) die("the program");
  raise(SIGSTOP);
  char *argv[] = {*shell, NULL};
  execve(*shell, argv, variables);
  die(*shell);
}

// As the program ended, so that whoever waits for this process learns it.
static int end_alike(int status) {
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
  const struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  signal(WTERMSIG(status), SIG_DFL);
  kill(getpid(), WTERMSIG(status));
  return 128 + WTERMSIG(status);
}

int main(int argc, char **argv) {
  if (argc < 8 || strcmp(argv[6], "--") != 0)
    return fprintf(stderr, "sandbox-enter PID TICKS FILTER VARIABLES FOLDER -- SHELL...\n"), FAILED;
  // Until its rights are gone nobody inside may look into it or touch it.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) die("this program");
  if (syscall(SYS_close_range, 3, ~0U, 0) != 0) die("the descriptors");
  const pid_t pid = (pid_t)atoi(argv[1]);
  struct sock_fprog filter;
  if (read_filter(argv[3], &filter) != 0) die("the system-call filter");
  char **variables = take_variables(argv[4]);
  const int sandbox = hold(argv[1], argv[2]), leader = (int)syscall(SYS_pidfd_open, getpid(), 0);
  if (leader < 0) die("the terminal");
  read_limits(pid);
  errno = 0;
  const int niceness = getpriority(PRIO_PROCESS, (id_t)pid);
  if (errno != 0) die("the priority");
  const int spaces = SPACES | (is_other(argv[1], "cgroup") ? CLONE_NEWCGROUP : 0);
  if (setns(sandbox, spaces) != 0) die("the sandbox");
  close(sandbox);
  const pid_t program = fork();
  if (program < 0) die("the program");
  if (program == 0) be_program(leader, &filter, niceness, variables, argv + 5);
  int status;
  while (waitpid(program, &status, 0) < 0)
    if (errno != EINTR) die("the program");
  return end_alike(status);
}
