// The file system of the program of a virtual machine, made in the order of the plan.
#pragma once
#include "vm-host.h"

static int is(const char *word, const char *wanted) { return strcmp(word, wanted) == 0; }

// A word of the plan says what it is about, and so many words after it are its own.
static size_t own_words(const char *what) {
  if (is(what, "share") || is(what, "memory")) return 4;
  if (is(what, "piece")) return 3;
  return is(what, "link") || is(what, "file") || is(what, "aside") ? 2 : 1;
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

static void mount_share(const char *tag, const char *at, const char *access, const char *cache) {
  char how[128];
  make_folders(at, 0755);
  snprintf(how, sizeof how, "trans=virtio,version=9p2000.L,msize=512000,cache=%s,access=any", cache);
  const unsigned long flags = MS_NOSUID | MS_NODEV | (is(access, "read") ? MS_RDONLY : 0);
  if (mount(tag, at, "9p", flags, how) != 0) give_up("the folder", strncmp(at, ROOT, sizeof ROOT - 1) == 0 ? at + sizeof ROOT - 1 : at);
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

static void write_group(const char *file, const char *text) {
  const int fd = open(file, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) give_up("the limit of processes", file);
  close(fd);
}

#define GROUP "/groups/program"

static void limit_processes(const char *most) {
  if (mount("groups", "/groups", "cgroup2", 0, 0) != 0) give_up("the limit of processes", "");
  write_group("/groups/cgroup.subtree_control", "+pids");
  if (mkdir(GROUP, 0755) != 0) give_up("the limit of processes", GROUP);
  write_group(GROUP "/pids.max", most);
}

// ---- a root from an image ----

// Not trusted: what stands where a folder of the session belongs gives way, a link as well, so that nothing is
// led elsewhere. Only before anything is mounted below the root: what lies in a share is the person's.
static void make_way(const char *path) {
  char part[4200];
  struct stat info;
  snprintf(part, sizeof part, "%s", inside(path));
  for (char *at = part + sizeof ROOT; at;) {
    at = strchr(at, '/');
    if (at) *at = 0;
    if (lstat(part, &info) == 0 && !S_ISDIR(info.st_mode)) unlink(part);
    mkdir(part, 0755);
    if (at) *at++ = '/';
  }
}

static void make_way_to(const char *path) {
  char folder[4200];
  snprintf(folder, sizeof folder, "%s", path);
  *strrchr(folder, '/') = 0;
  make_way(folder);
}

static void make_all_ways(void) {
  make_way("/proc");
  make_way("/dev");
  char **part;
  for (size_t at = 0; next_part(&at, &part);) {
    if (is(part[0], "share")) make_way(part[2]);
    else if (is(part[0], "memory") || is(part[0], "empty")) make_way(part[1]);
    else if (is(part[0], "file")) make_way_to(part[1]);
    else if (is(part[0], "piece")) make_way_to(part[2]);
  }
}

// The image's disk stays as it is: what the session adds to it is in memory.
static void mount_image(void) {
  static const char *const folders[] = {"/image", "/layer", "/aside"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) mkdir(folders[i], 0755);
  load_modules("/disk-modules");
  for (int tries = 0; tries < 500 && access("/dev/vda", F_OK) != 0; tries++) usleep(10000);
  if (mount("/dev/vda", "/image", "squashfs", MS_RDONLY | MS_NOSUID | MS_NODEV, 0) != 0) give_up("the disk of the image", "");
  if (mount("layer", "/layer", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0) give_up("the layer over the image", "");
  mkdir("/layer/upper", 0755);
  mkdir("/layer/work", 0755);
  if (mount("root", ROOT, "overlay", MS_NOSUID | MS_NODEV, "lowerdir=/image,upperdir=/layer/upper,workdir=/layer/work") != 0) give_up("the root from the image", "");
}

// In the place of whatever the image has there.
static void make_file(const char *path, const char *content) {
  unlink(inside(path));
  const int fd = open(inside(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0) give_up("the file", path);
  write_all(fd, content, strlen(content));
  close(fd);
}

// One file of a folder that is mounted where the program never sees it.
static void make_piece(const char *tag, const char *path, const char *access) {
  char from[4300];
  snprintf(from, sizeof from, "/aside/%s%s", tag, strrchr(path, '/'));
  make_file(path, "");
  if (mount(from, inside(path), 0, MS_BIND, 0) != 0) give_up("the file", path);
  if (is(access, "read") && mount(0, inside(path), 0, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, 0) != 0) give_up("the file", path);
}

static void make_aside(const char *tag, const char *access) {
  char at[128];
  snprintf(at, sizeof at, "/aside/%s", tag);
  mount_share(tag, at, access, "loose");
}

static void make_empty(const char *path) {
  if (mount("none", inside(path), "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=4096") != 0) give_up("the folder", path);
}

static void make_root(void) {
  char **part;
  for (size_t at = 0; next_part(&at, &part);)
    if (is(part[0], "image")) {
      mount_image();
      make_all_ways();
      return;
    }
  if (mount("root", ROOT, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0) give_up("the root", "");
  mkdir(ROOT "/proc", 0755);
  mkdir(ROOT "/dev", 0755);
}

// In the order of the plan: later ones cover earlier ones.
static void make_files(void) {
  make_root();
  make_devices();
  char **part;
  for (size_t at = 0; next_part(&at, &part);) {
    if (is(part[0], "uid")) uid = (uid_t)atoi(part[1]);
    else if (is(part[0], "gid")) gid = (gid_t)atoi(part[1]);
    else if (is(part[0], "share")) mount_share(part[1], inside(part[2]), part[3], part[4]);
    else if (is(part[0], "aside")) make_aside(part[1], part[2]);
    else if (is(part[0], "piece")) make_piece(part[1], part[2], part[3]);
    else if (is(part[0], "file")) make_file(part[1], part[2]);
    else if (is(part[0], "empty")) make_empty(part[1]);
    else if (is(part[0], "memory")) make_memory(part[1], part[2], part[3], part[4]);
    else if (is(part[0], "folder")) make_folders(inside(part[1]), 0755);
    else if (is(part[0], "processes")) limit_processes(part[1]);
    else if (is(part[0], "link") && symlink(part[2], inside(part[1])) != 0) give_up("the link", part[1]);
  }
  if (mount(0, ROOT, 0, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, 0) != 0) give_up("the root", "");
}
