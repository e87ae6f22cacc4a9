// The file system of the program of a virtual machine, made in the order of the plan.
#pragma once
#include "vm-host.h"

static int is(const char *word, const char *wanted) { return strcmp(word, wanted) == 0; }

// A word of the plan says what it is about, and so many words after it are its own.
static size_t own_words(const char *what) {
  if (is(what, "share") || is(what, "memory")) return 4;
  return is(what, "link") ? 2 : 1;
}

// The next part of the plan in `words`, its first word included; 0: that was all.
static int next_part(size_t *at, char ***words) {
  if (*at >= plan_count) return 0;
  *words = plan_words + *at;
  *at += 1 + own_words(**words);
  if (*at <= plan_count) return 1;
  errno = EINVAL;
  give_up("the plan", "ends early");
  return 0;
}

static void make_share(const char *tag, const char *path, const char *access, const char *cache) {
  char how[128];
  make_folders(inside(path), 0755);
  snprintf(how, sizeof how, "trans=virtio,version=9p2000.L,msize=512000,cache=%s,access=any", cache);
  const unsigned long flags = MS_NOSUID | MS_NODEV | (is(access, "read") ? MS_RDONLY : 0);
  if (mount(tag, inside(path), "9p", flags, how) != 0) give_up("the folder", path);
}

static void make_memory(const char *path, const char *mode, const char *owner, const char *size) {
  char how[160];
  make_folders(inside(path), 0755);
  const int is_user = is(owner, "user");
  snprintf(how, sizeof how, "mode=%s,uid=%u,gid=%u%s%s", mode, is_user ? uid : 0, is_user ? gid : 0, *size ? ",size=" : "", size);
  if (mount("memory", inside(path), "tmpfs", MS_NOSUID | MS_NODEV, how) != 0) give_up("the folder in memory", path);
}

static void make_devices(void) {
  static const struct { const char *name; unsigned minor; } nodes[] = {{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};
  static const char *const links[][2] = {{"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"}};
  char path[64];
  mkdir(ROOT "/dev", 0755);
  if (mount("dev", ROOT "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=65536") != 0) give_up("/dev", "");
  umask(0);
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
    snprintf(path, sizeof path, ROOT "/dev/%s", nodes[i].name);
    mknod(path, S_IFCHR | 0666, makedev(1, nodes[i].minor));
  }
  mknod(ROOT "/dev/tty", S_IFCHR | 0666, makedev(5, 0));
  umask(022);
  for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
    snprintf(path, sizeof path, ROOT "/dev/%s", links[i][0]);
    if (symlink(links[i][1], path) != 0) give_up("/dev", links[i][0]);
  }
  mkdir(ROOT "/dev/pts", 0755);
  mkdir(ROOT "/dev/shm", 0755);
  if (mount("/dev/pts", ROOT "/dev/pts", 0, MS_BIND, 0) != 0) give_up("/dev/pts", "");
  if (mount("shm", ROOT "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") != 0) give_up("/dev/shm", "");
}

static void limit_processes(const char *most) {
  if (mount("groups", "/groups", "cgroup2", 0, 0) != 0) give_up("the limit of processes", "");
  write_file("/groups/cgroup.subtree_control", "+pids");
  mkdir("/groups/program", 0755);
  write_file("/groups/program/pids.max", most);
}

// In the order of the plan: later ones cover earlier ones.
static void make_files(void) {
  if (mount("root", ROOT, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0) give_up("the root", "");
  mkdir(ROOT "/proc", 0755);
  make_devices();
  char **part;
  for (size_t at = 0; next_part(&at, &part);) {
    if (is(part[0], "uid")) uid = (uid_t)atoi(part[1]);
    else if (is(part[0], "gid")) gid = (gid_t)atoi(part[1]);
    else if (is(part[0], "share")) make_share(part[1], part[2], part[3], part[4]);
    else if (is(part[0], "memory")) make_memory(part[1], part[2], part[3], part[4]);
    else if (is(part[0], "folder")) make_folders(inside(part[1]), 0755);
    else if (is(part[0], "processes")) limit_processes(part[1]);
    else if (is(part[0], "link") && symlink(part[2], inside(part[1])) != 0) give_up("the link", part[1]);
  }
  if (mount(0, ROOT, 0, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, 0) != 0) give_up("the root", "");
}
