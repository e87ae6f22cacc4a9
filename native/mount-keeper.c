// Puts back what covers paths of a sandbox. When somebody outside replaces a file or folder that a mount
// of the sandbox lies on (an editor saves it under another name and renames it), the kernel drops the
// mount, and what was hidden or protected is open. This sees every change of the sandbox's mounts as it
// happens, and covers again what is not covered any more.
//
//   mount-keeper PID      of a process in that sandbox
//
// stdin: what to keep, as KIND PATH, each ended by a zero byte, at any time. KIND is one of
//   mask     reads as empty             read   as it is, but cannot be changed
//   deny     cannot be opened           keep   as it is, and cannot be renamed
//   socket   cannot be opened, unless a process in the sandbox's own network made it
// stdout: "restored", "covered" (a socket) or the kernel's reason, and the path, each ended by a zero byte.
// The end of stdin is our end.
//
// It enters by setns and executes nothing, so an ordinary user who made the sandbox's user namespace keeps
// the right to mount there. Links are never followed: who can write to a path inside could lead it astray.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { MOST_BYTES = 4 * 1024 * 1024, MOST_ITEMS = 65536 };

struct item {
  char *kind, *path;
  int is_told;  // the reason why it cannot be covered was said
};

static struct item items[MOST_ITEMS];
static size_t count;
static int notices = -1, diagnosis = -1;

static void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static void *room(void *old, size_t size) {
  void *at = realloc(old, size);
  if (!at) die("memory");
  return at;
}

static int space_of(const char *pid, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) die(path);
  return fd;
}

static void tell(const char *word, const char *path) {
  if (fwrite(word, strlen(word) + 1, 1, stdout) != 1 || fwrite(path, strlen(path) + 1, 1, stdout) != 1 ||
      fflush(stdout) != 0)
    exit(0);
}

// ---- mounts ----

static int open_exactly(const char *path) {
  const struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                               .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

static int clone_of(int fd, const char *path) {
  return (int)syscall(SYS_open_tree, fd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH);
}

static int restrict_to(int tree, uint64_t attributes) {
  const struct mount_attr wanted = {.attr_set = MOUNT_ATTR_NOSUID | attributes};
  return (int)syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &wanted, sizeof wanted);
}

static int empty_folder(const char *mode) {
  const int made = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
  if (made < 0 || syscall(SYS_fsconfig, made, FSCONFIG_SET_STRING, "mode", mode, 0) != 0 ||
      syscall(SYS_fsconfig, made, FSCONFIG_CMD_CREATE, (char *)0, (char *)0, 0) != 0)
    return -1;
  const int tree = (int)syscall(SYS_fsmount, made, FSMOUNT_CLOEXEC,
                                MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  close(made);
  return tree;
}

// Descriptor of what is to lie on TARGET, or -1 with errno.
static int cover_for(const char *kind, int target, int is_folder) {
  const int is_closed = strcmp(kind, "deny") == 0 || strcmp(kind, "socket") == 0;
  const int is_hidden = is_closed || strcmp(kind, "mask") == 0;
  if (is_hidden && is_folder) return empty_folder(is_closed ? "0000" : "0755");
  // The null device reads as empty; where no devices are known it cannot be opened.
  const int tree = is_hidden ? clone_of(AT_FDCWD, "/dev/null") : clone_of(target, "");
  const uint64_t attributes = is_closed ? MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV
                              : is_hidden ? MOUNT_ATTR_RDONLY
                              : strcmp(kind, "read") == 0 ? MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV
                                                          : MOUNT_ATTR_NODEV;
  return tree >= 0 && restrict_to(tree, attributes) == 0 ? tree : -1;
}

// 0, or errno.
static int lay_on(const struct item *item, int target) {
  struct stat info;
  if (fstat(target, &info) != 0) return errno;
  if (S_ISLNK(info.st_mode)) return ELOOP;
  const int tree = cover_for(item->kind, target, S_ISDIR(info.st_mode));
  if (tree < 0) return errno;
  const long failed = syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  const int reason = failed ? errno : 0;
  close(tree);
  return reason;
}

// 0, or errno.
static int cover(const struct item *item) {
  const int target = open_exactly(item->path);
  if (target < 0) return errno;
  const int reason = lay_on(item, target);
  close(target);
  return reason;
}

// ---- what is mounted now ----

static char *read_all(int fd) {
  static char *text;
  static size_t size;
  size_t length = 0;
  lseek(fd, 0, SEEK_SET);
  for (;;) {
    if (length + 65536 > size) text = room(text, size = length + 131072);
    const ssize_t part = read(fd, text + length, 65535);
    // Whoever is asked about is gone.
    if (part < 0) exit(0);
    if (part == 0) break;
    length += (size_t)part;
  }
  text[length] = 0;
  return text;
}

// `id parent device root POINT options …`, blanks in it as octal numbers.
static char *next_point(char **text) {
  char *line = *text;
  if (!*line) return NULL;
  char *end = strchr(line, '\n');
  *text = end ? end + 1 : line + strlen(line);
  if (end) *end = 0;
  for (int field = 0; field < 4 && line; field++)
    if ((line = strchr(line, ' '))) line++;
  if (!line) return "";
  char *stop = strchr(line, ' ');
  if (stop) *stop = 0;
  char *to = line;
  for (const char *from = line; *from; to++)
    if (from[0] == '\\' && from[1] && from[2] && from[3]) {
      *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
      from += 4;
    } else *to = *from++;
  *to = 0;
  return line;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void wait_for_creation(const char *path) {
  char folder[4096];
  snprintf(folder, sizeof folder, "%s", path);
  char *slash = strrchr(folder, '/');
  if (!slash) return;
  *(slash == folder ? slash + 1 : slash) = 0;
  inotify_add_watch(notices, folder, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
}

static void restore(int mounts) {
  char *text = read_all(mounts), *point;
  static char **points;
  static size_t has;
  size_t found = 0;
  while ((point = next_point(&text))) {
    if (found == has) points = room(points, (has = has * 2 + 64) * sizeof *points);
    points[found++] = point;
  }
  qsort(points, found, sizeof *points, by_text);
  for (size_t n = 0; n < count; n++) {
    struct item *item = &items[n];
    if (bsearch(&item->path, points, found, sizeof *points, by_text)) {
      item->is_told = 0;
      continue;
    }
    int reason = cover(item);
    // There is nothing, or what is being replaced this moment: the kernel drops the mount first. It comes to
    // be after the watch stands, or has just now.
    if (reason == ENOENT) wait_for_creation(item->path), reason = cover(item);
    if (reason == 0) tell("restored", item->path);
    else if (!item->is_told) tell(strerror(reason), item->path);
    item->is_told = reason != 0;
  }
}

// ---- whose a socket is ----

// The kernel lists the sockets of one network, with the file each was bound to.
static int is_own_socket(const struct stat *info) {
  struct {
    struct nlmsghdr head;
    struct unix_diag_req body;
  } request = {.head = {.nlmsg_len = sizeof request,
                        .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                        .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
               .body = {.sdiag_family = AF_UNIX, .udiag_states = UINT32_MAX, .udiag_show = UDIAG_SHOW_VFS}};
  if (send(diagnosis, &request, sizeof request, 0) < 0) return 0;
  static char reply[65536];
  int is_own = 0;
  for (;;) {
    ssize_t got = recv(diagnosis, reply, sizeof reply, 0);
    if (got <= 0) return 0;
    for (struct nlmsghdr *at = (void *)reply; NLMSG_OK(at, got); at = NLMSG_NEXT(at, got)) {
      if (at->nlmsg_type != SOCK_DIAG_BY_FAMILY) return is_own && at->nlmsg_type == NLMSG_DONE;
      const char *from = (char *)NLMSG_DATA(at) + NLMSG_ALIGN(sizeof(struct unix_diag_msg));
      const char *end = (char *)at + at->nlmsg_len;
      while (from + sizeof(struct nlattr) <= end) {
        const struct nlattr *part = (void *)from;
        if (part->nla_len < sizeof *part) break;
        const struct unix_diag_vfs *file = (void *)(from + NLA_HDRLEN);
        // The kernel numbers devices otherwise here: twelve bits and twenty.
        const dev_t device = makedev(file->udiag_vfs_dev >> 20, file->udiag_vfs_dev & 0xfffff);
        if (part->nla_type == UNIX_DIAG_VFS && file->udiag_vfs_ino == (uint32_t)info->st_ino && device == info->st_dev)
          is_own = 1;
        from += NLA_ALIGN(part->nla_len);
      }
    }
  }
}

static void cover_socket(struct item *item) {
  struct stat info;
  const int target = open_exactly(item->path);
  // It is gone again, or something else.
  if (target < 0 || fstat(target, &info) != 0 || !S_ISSOCK(info.st_mode) || is_own_socket(&info)) {
    if (target >= 0) close(target);
    return;
  }
  const int reason = lay_on(item, target);
  close(target);
  tell(reason ? strerror(reason) : "covered", item->path);
}

// ---- what the host says ----

static int hear(void) {
  static char *said;
  static size_t length, size;
  if (length + 65536 > size) said = room(said, size = length + 131072);
  if (size > MOST_BYTES) exit(1);
  const ssize_t part = read(0, said + length, 65536);
  if (part <= 0) return 0;
  length += (size_t)part;
  for (;;) {
    char *kind = said, *end = memchr(said, 0, length);
    char *path = end ? end + 1 : NULL, *stop = path ? memchr(path, 0, length - (size_t)(path - said)) : NULL;
    if (!stop) return 1;
    struct item item = {.kind = strdup(kind), .path = strdup(path), .is_told = 0};
    if (!item.kind || !item.path) die("memory");
    if (strcmp(kind, "socket") == 0) {
      cover_socket(&item);
      free(item.kind);
      free(item.path);
    } else if (count < MOST_ITEMS) items[count++] = item;
    length -= (size_t)(stop + 1 - said);
    memmove(said, stop + 1, length);
  }
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "it is started by Cloche\n");
    return 1;
  }
  const int mounts = space_of(argv[1], "mountinfo"), network = space_of(argv[1], "ns/net");
  const int user = space_of(argv[1], "ns/user"), files = space_of(argv[1], "ns/mnt");
  if (setns(user, CLONE_NEWUSER) != 0) die("the users of the sandbox");
  if (setns(network, CLONE_NEWNET) != 0) die("the network of the sandbox");
  if (setns(files, CLONE_NEWNS) != 0) die("the mounts of the sandbox");
  diagnosis = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  notices = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (diagnosis < 0 || notices < 0) die("a channel to the kernel");
  struct pollfd wanted[] = {{.fd = 0, .events = POLLIN}, {.fd = mounts, .events = POLLPRI}, {.fd = notices, .events = POLLIN}};
  for (;;) {
    if (poll(wanted, 3, -1) < 0 && errno != EINTR) die("waiting");
    char told[65536];
    while (read(notices, told, sizeof told) > 0) continue;
    restore(mounts);
    if (wanted[0].revents && !hear()) return 0;
    if (wanted[0].revents) restore(mounts);
  }
}
