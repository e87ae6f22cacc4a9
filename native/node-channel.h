// The channel of Node's child processes: a socket over which lines go, and descriptors with them.
#pragma once
#include <string.h>
#include <sys/socket.h>

// One line, with a descriptor or -1. 0, or -1 with errno; EAGAIN: again when the channel can be written.
static int send_message(int channel, const char *line, int handle) {
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec data = {.iov_base = (void *)line, .iov_len = strlen(line)};
  struct msghdr out = {.msg_iov = &data, .msg_iovlen = 1};
  if (handle >= 0) {
    out.msg_control = control;
    out.msg_controllen = sizeof control;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&out);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &handle, sizeof handle);
  }
  return sendmsg(channel, &out, MSG_NOSIGNAL) < 0 ? -1 : 0;
}
