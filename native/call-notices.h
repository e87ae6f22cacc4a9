// Calls that the kernel holds until they were looked at (write-notices.h): what each is about to do, and that it
// goes on as it was made. Whoever has this in it says what becomes of that, with `intends` and `looks_for`.
#pragma once
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "observed-calls.h"

// Newer than some systems' headers; older kernels refuse it, and are slower.
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1UL
#endif

static int notices = -1;

static int is_valid(uint64_t id) { return ioctl(notices, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0; }

// `how`: FOLLOWS, OPENS.
static void intends(const struct seccomp_notif *notice, int folder, uint64_t text_at, int how);
static void looks_for(pid_t task, int folder, uint64_t text_at, int opens);

static void consider(const struct seccomp_notif *notice) {
  const __u64 *argument = notice->data.args;
  switch (notice->data.nr) {
    case __NR_openat:
      looks_for((pid_t)notice->pid, (int)argument[0], argument[1], 1);
      if (!(argument[2] & CHANGING)) return;
      return intends(notice, (int)argument[0], argument[1], OPENS | (argument[2] & O_NOFOLLOW ? 0 : FOLLOWS));
    case __NR_openat2: {
      struct open_how how = {0};
      const struct iovec here = {&how, sizeof how}, there = {(void *)(uintptr_t)argument[2], sizeof how};
      if (process_vm_readv((pid_t)notice->pid, &here, 1, &there, 1, 0) < 8) return;
      looks_for((pid_t)notice->pid, (int)argument[0], argument[1], 1);
      if (!(how.flags & CHANGING)) return;
      return intends(notice, (int)argument[0], argument[1], OPENS | (how.flags & O_NOFOLLOW ? 0 : FOLLOWS));
    }
    case __NR_newfstatat:
    case __NR_statx:
    case __NR_faccessat:
    case __NR_faccessat2:
      return looks_for((pid_t)notice->pid, (int)argument[0], argument[1], 0);
    case __NR_unlinkat:
    case __NR_mkdirat:
      return intends(notice, (int)argument[0], argument[1], 0);
    case __NR_truncate:
      return intends(notice, AT_FDCWD, argument[0], FOLLOWS);
    case __NR_linkat:
      return intends(notice, (int)argument[2], argument[3], 0);
    case __NR_symlinkat:
      return intends(notice, (int)argument[1], argument[2], 0);
#ifdef __NR_renameat
    case __NR_renameat:
#endif
    case __NR_renameat2:
      intends(notice, (int)argument[0], argument[1], 0);
      return intends(notice, (int)argument[2], argument[3], 0);
#ifdef __NR_open
    case __NR_stat:
    case __NR_lstat:
    case __NR_access:
      return looks_for((pid_t)notice->pid, AT_FDCWD, argument[0], 0);
    case __NR_open:
      looks_for((pid_t)notice->pid, AT_FDCWD, argument[0], 1);
      if (!(argument[1] & CHANGING)) return;
      return intends(notice, AT_FDCWD, argument[0], OPENS | (argument[1] & O_NOFOLLOW ? 0 : FOLLOWS));
    case __NR_creat:
      return intends(notice, AT_FDCWD, argument[0], OPENS | FOLLOWS);
    case __NR_unlink:
    case __NR_rmdir:
    case __NR_mkdir:
      return intends(notice, AT_FDCWD, argument[0], 0);
    case __NR_rename:
      intends(notice, AT_FDCWD, argument[0], 0);
      return intends(notice, AT_FDCWD, argument[1], 0);
    case __NR_link:
    case __NR_symlink:
      return intends(notice, AT_FDCWD, argument[1], 0);
#endif
  }
}

// 0: the call was taken back meanwhile.
static int take_notice(struct seccomp_notif *notice) {
  union {
    struct seccomp_notif notice;
    char room[512];
  } told;
  memset(&told, 0, sizeof told);
  if (ioctl(notices, SECCOMP_IOCTL_NOTIF_RECV, &told) != 0) return 0;
  *notice = told.notice;
  return 1;
}

static void let_go_on(const struct seccomp_notif *notice) {
  union {
    struct seccomp_notif_resp answer;
    char room[256];
  } reply;
  memset(&reply, 0, sizeof reply);
  reply.answer.id = notice->id;
  reply.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ioctl(notices, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

// From a program that asks to be observed over PEER, which is told what is wanted of it. 0: it gave nothing.
static int take_listener(int peer, char wants) {
  char byte, room[CMSG_SPACE(sizeof notices)];
  struct iovec data = {&byte, 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  if (send(peer, &wants, 1, MSG_NOSIGNAL) != 1) return 0;
  if (recvmsg(peer, &message, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message)) return 0;
  memcpy(&notices, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof notices);
  // The one that waits and the one that looks take turns on one core: no need to wake another.
  ioctl(notices, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  return 1;
}
