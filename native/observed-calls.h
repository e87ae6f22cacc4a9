// What the observer of files and those it observes agree on: file-changes.c, write-notices.h and guest-observer.c.
#pragma once
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>

// The same number everywhere; some systems' headers are older than the call.
#ifndef __NR_openat2
#define __NR_openat2 437
#endif
#ifndef __NR_faccessat2
#define __NR_faccessat2 439
#endif

// The first word of the observer: which calls it wants to be told of.
#define WANTS_WRITES 'w'
#define WANTS_NEEDS 'n'

// Flags of a call that opens for more than reading.
#define CHANGING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

// How a call means its path: through a last link as well; to have the file open afterwards; to look only.
enum { FOLLOWS = 1, OPENS = 2, LOOKS = 4 };

// Over a stream, of a program in another kernel: this, and behind it `size` bytes of a path below the folder. Each is
// answered by one byte before the call goes on. The first has no process and no path: calls are seen from now on.
// Where needs are wanted also, once for each path: LOOKS with OPENS, a file below the folder is opened; LOOKS alone,
// this path from the top is not there inside.
struct told_call {
  uint64_t ticks;
  uint32_t pid;
  uint16_t how, size;
};
