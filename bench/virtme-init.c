// First process of a machine that shares folders as virtme-ng does: 9p with its plain options. Runs `script` of
// WORKSPACE there, and the machine ends with it.
#define main ordinary_main
#include "../native/vm-init.c"
#undef main

static void share(const char *tag, const char *at, unsigned long flags) {
  if (mount(tag, at, "9p", flags, "version=9p2000.L,trans=virtio,access=any") != 0) give_up("the folder", at);
}

int main(void) {
  prepare();
  share("root", ROOT, MS_RDONLY);
  share("work", ROOT WORKSPACE, 0);
  if (mount("/dev", ROOT "/dev", 0, MS_BIND, 0) != 0 || mount("/proc", ROOT "/proc", 0, MS_BIND, 0) != 0) give_up("its devices", "");
  if (chroot(ROOT) != 0 || chdir(WORKSPACE) != 0) give_up("its root", "");
  const pid_t shell = fork();
  if (shell == 0) {
    execl("/bin/sh", "sh", "script", (char *)0);
    _exit(1);
  }
  waitpid(shell, 0, 0);
  stop_machine();
}
