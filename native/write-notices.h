// Asks the kernel to tell an observer, before it happens, of each call of a program and its children
// that may change a file. The observer (file-changes.c) only looks: every call goes on as it was made.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "observed-calls.h"

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#error "no filter is known for this architecture"
#endif

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (field))
#define ARGUMENT(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#define GIVE(verdict) BPF_STMT(BPF_RET | BPF_K, (verdict))
// A call that is always of interest.
#define ON(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), GIVE(SECCOMP_RET_USER_NOTIF)
// A call that opens, of interest where its flags ask for more than reading.
#define ON_OPEN(nr, flags)                                                                   \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 4), LOAD(ARGUMENT(flags)),                    \
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CHANGING, 0, 1),                                  \
      GIVE(SECCOMP_RET_USER_NOTIF), GIVE(SECCOMP_RET_ALLOW)

// A call that looks at a path, of no interest where it looks at what is open already.
#define ON_LOOK(nr, flags)                                                                                 \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 4), LOAD(ARGUMENT(flags)),                                  \
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, AT_EMPTY_PATH, 0, 1), GIVE(SECCOMP_RET_ALLOW),                  \
      GIVE(SECCOMP_RET_USER_NOTIF)

#define BEGIN                                                                                              \
  LOAD(offsetof(struct seccomp_data, arch)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0),          \
      GIVE(SECCOMP_RET_ALLOW), LOAD(offsetof(struct seccomp_data, nr))

// What changes files besides the calls that open them. The flags of openat2 lie behind a pointer.
#ifdef __NR_open
#define CHANGES_OF_OLD \
  ON(__NR_creat), ON(__NR_unlink), ON(__NR_rmdir), ON(__NR_rename), ON(__NR_mkdir), ON(__NR_link), ON(__NR_symlink),
#else
#define CHANGES_OF_OLD
#endif
#ifdef __NR_renameat
#define RENAMES ON(__NR_renameat), ON(__NR_renameat2)
#else
#define RENAMES ON(__NR_renameat2)
#endif
#define CHANGES                                                                                            \
  CHANGES_OF_OLD ON(__NR_openat2), ON(__NR_unlinkat), RENAMES, ON(__NR_mkdirat), ON(__NR_linkat),          \
      ON(__NR_symlinkat), ON(__NR_truncate)

// The kernel takes the strictest verdict of all filters: what another one refuses stays refused.
static struct sock_filter WRITES[] = {
    BEGIN,
    ON_OPEN(__NR_openat, 2),
#ifdef __NR_open
    ON_OPEN(__NR_open, 1),
#endif
    CHANGES,
    GIVE(SECCOMP_RET_ALLOW),
};

// Where it is to be learned what a program needs: every call that names a file, too.
static struct sock_filter NEEDS[] = {
    BEGIN,
    ON(__NR_openat),
    ON_LOOK(__NR_newfstatat, 3),
    ON_LOOK(__NR_statx, 2),
    ON(__NR_faccessat),
    ON(__NR_faccessat2),
#ifdef __NR_open
    ON(__NR_open),
    ON(__NR_stat),
    ON(__NR_lstat),
    ON(__NR_access),
#endif
    CHANGES,
    GIVE(SECCOMP_RET_ALLOW),
};

// An older kernel can hold a call but not let it go on as it was made: its program would wait for ever.
// (5.5 for that; 5.6 for the way the observer follows paths.)
static inline int kernel_can_continue(void) {
  struct utsname own;
  int major = 0, minor = 0;
  return uname(&own) == 0 && sscanf(own.release, "%d.%d", &major, &minor) == 2 &&
         (major > 5 || (major == 5 && minor >= 6));
}

// The notices of this program from now on, as a descriptor; -1: this kernel, or another such filter.
static int notice(int all) {
  const struct sock_fprog writes = {sizeof WRITES / sizeof *WRITES, WRITES};
  const struct sock_fprog needs = {sizeof NEEDS / sizeof *NEEDS, NEEDS};
  const struct sock_fprog program = all ? needs : writes;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  // Older kernels interrupt the waiting call for every signal, and it is told again.
  const unsigned long flags[] = {
      SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
      SECCOMP_FILTER_FLAG_NEW_LISTENER,
  };
  int fd = -1;
  for (int i = 0; i < 2 && fd < 0; i++)
    fd = (int)syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags[i], &program);
  return fd;
}

static inline int reach(const char *path, int type) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof at.sun_path) return errno = ENAMETOOLONG, -1;
  strcpy(at.sun_path, path);
  const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  return fd >= 0 && connect(fd, (void *)&at, sizeof at) == 0 ? fd : -1;
}

static int hand_over(int observer, int fd) {
  char byte = 0, room[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec data = {&byte, 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  struct cmsghdr *control = CMSG_FIRSTHDR(&message);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(control), &fd, sizeof fd);
  return sendmsg(observer, &message, 0) == 1 ? 0 : -1;
}

// Puts this process and its children under the observer at the other end of a socket. -1 with nothing changed, or,
// after the filter stands but nobody watches, 1: then nothing may be started.
static int be_observed_by(int observer) {
  char wants;
  if (recv(observer, &wants, 1, 0) != 1) return -1;
  const int notices = notice(wants == WANTS_NEEDS);
  const int failed = notices < 0 ? -1 : hand_over(observer, notices) == 0 ? 0 : 1;
  if (notices >= 0) close(notices);
  return failed;
}

// As above, by the observer's path.
static inline int be_observed(const char *path) {
  const int observer = kernel_can_continue() ? reach(path, SOCK_SEQPACKET) : -1;
  if (observer < 0) return -1;
  const int failed = be_observed_by(observer);
  close(observer);
  return failed;
}
