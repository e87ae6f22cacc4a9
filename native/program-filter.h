// A system-call filter as the host writes it: a file of struct sock_filter, made by
// src/main/backends/seccomp.ts. Each of these returns -1 with errno.
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_filter(const char *path, struct sock_fprog *program) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat info;
  if (fd < 0 || fstat(fd, &info) != 0) return -1;
  const size_t size = (size_t)info.st_size;
  if (size == 0 || size % sizeof *program->filter != 0) return errno = EINVAL, -1;
  program->filter = malloc(size);
  if (!program->filter || read(fd, program->filter, size) != info.st_size) return -1;
  program->len = (unsigned short)(size / sizeof *program->filter);
  return close(fd);
}

// For this program and all that comes from it, for ever.
static int set_filter(const struct sock_fprog *program) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0);
}
