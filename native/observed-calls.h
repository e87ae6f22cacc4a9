// What the observer of files and those it observes agree on: file-changes.c and write-notices.h.
#include <fcntl.h>
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
