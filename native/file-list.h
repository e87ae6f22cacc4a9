// Every file of the folder by which it can be told later that it is as it was. After folder-changes.h.
//
//   file-changes list FOLDER MOST HIDDEN...
//
// Output, each word ended by a zero: path, kind, inode, bytes, time of its last change (ctime) and of its
// content (mtime), both in nanoseconds. A last path that is empty says in its kind whether that was all.
// Nothing is opened but folders, no link is followed, and what is hidden is passed over.

static const char *kind_of(mode_t mode) { return S_ISREG(mode) ? "file" : S_ISLNK(mode) ? "link" : "other"; }

static long long ns_of(struct timespec at) { return at.tv_sec * 1000000000LL + at.tv_nsec; }

// What a person looks for comes before packages and a repository's own files.
static void list_entries(struct folder_list *first, struct folder_list *last, const char *path, long *left) {
  const int fd = open_below(root_fd, path[0] ? path : ".", O_RDONLY | O_DIRECTORY, STRICTLY);
  DIR *entries = fd < 0 ? 0 : fdopendir(fd);
  if (!entries) {
    is_partial = 1;
    if (fd >= 0) close(fd);
    return;
  }
  for (struct dirent *entry; (entry = readdir(entries));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char inner[2 * PATH_MAX];
    snprintf(inner, sizeof inner, "%s%s%s", path, path[0] ? "/" : "", entry->d_name);
    struct stat info;
    if (is_hidden(inner) || fstatat(dirfd(entries), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      char below_it[2 * PATH_MAX + 1];
      snprintf(below_it, sizeof below_it, "%s/", inner);
      push_folder(is_kept(below_it) ? first : last, inner);
    } else if (*left > 0) {
      (*left)--;
      printf("%s%c%s%c%llu%c%lld%c%lld%c%lld%c", inner, 0, kind_of(info.st_mode), 0,
             (unsigned long long)info.st_ino, 0, (long long)info.st_size, 0, ns_of(info.st_ctim), 0,
             ns_of(info.st_mtim), 0);
    } else is_partial = 1;
  }
  closedir(entries);
}

static int list_all(char **words) {
  root = words[0];
  long left = atol(words[1]);
  hidden = words + 2;
  root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root_fd < 0) die("the folder");
  // The session begins meanwhile, and nobody waits for this. Where it may not, it is as fast as others.
  if (nice(5) == -1) errno = 0;
  struct folder_list first = {0}, last = {0};
  push_folder(&first, "");
  for (char *at; (at = pop_folder(first.count > 0 ? &first : &last)); free(at)) {
    if (left > 0) list_entries(&first, &last, at, &left);
    else is_partial = 1;
  }
  printf("%c%s%c0%c0%c0%c0%c", 0, is_partial ? "part" : "all", 0, 0, 0, 0, 0);
  return fflush(stdout) == 0 ? 0 : 1;
}
