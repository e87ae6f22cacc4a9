// Starts a program whose changes of files an observer is told of.
//
//   observed-start SOCKET PROGRAM ARGUMENT...
//
// Where the kernel lacks the means the program starts unobserved: the observer then sees only that
// files changed. A failure is one line on standard error and code 125.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include "write-notices.h"

int main(int argc, char **argv) {
  if (argc < 3) return fprintf(stderr, "observed-start SOCKET PROGRAM ARGUMENT...\n"), 125;
  if (be_observed(argv[1]) > 0) return fprintf(stderr, "the observer of files is gone\n"), 125;
  execv(argv[2], argv + 2);
  fprintf(stderr, "%s: %s\n", argv[2], strerror(errno));
  return 125;
}
