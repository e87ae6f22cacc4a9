import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { LEVEL } from '../helpers/level.ts'
import { makeSharedPlace } from '../helpers/shared-place.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { type Place, runInside } from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'gcc')
const SECRET = 'only-the-machine-may-read-this'

let place: Place
beforeAll(async () => {
  place = await makeSharedPlace()
  await writeFile(join(place.home, 'secret'), SECRET)
})
afterAll(() => place.dispose())

const inside = async (script: string): Promise<string> =>
  (await runInside(place, ['/bin/bash', '-c', script])).output
const outside = (script: string): string =>
  spawnSync('/bin/bash', ['-c', script], { cwd: place.workspace, encoding: 'utf8' }).stdout

describe('the first process', () => {
  test('gives nothing of the machine: not its root, folder, environment or descriptors', async () => {
    expect(outside(`cat /proc/$$/root${place.home}/secret`)).toContain(SECRET)
    const output =
      await inside(`for name in root cwd; do cat /proc/1/$name${place.home}/secret; done
      echo "bytes $(cat /proc/1/environ | wc -c)"
      for fd in /proc/1/fd/*; do echo "open $(readlink $fd)"; done`)
    expect(output).not.toContain(SECRET)
    // In a container it has what the plan gives, and nothing that was let in.
    if (LEVEL === 'os') expect(output).toMatch(/^bytes 0\r?$/m)
    const open = [...output.matchAll(/^open (\S+)/gm)].map((match) => match[1])
    // A machine's was its root before: the kernel shows what it has open to nobody else.
    if (LEVEL !== 'vm' || process.getuid?.() === 0) expect(open.length).toBeGreaterThan(0)
    else expect(output).toMatch(/fd: Permission denied|^open \r?$/m)
    // The session's own terminal, and what bubblewrap waits on.
    for (const target of open)
      expect(target).toMatch(
        LEVEL === 'os'
          ? /^(\/dev\/(pts\/\d+|tty|console)|anon_inode:\[eventfd\])$/
          : /^(\/dev\/(pts\/\d+|tty|console)|anon_inode:\[signalfd\]|socket:\[\d+\])$/,
      )
  })

  test('has no more rights than any other inside, so that taking it over gains nothing', async () => {
    const fields = '^(NoNewPrivs|Seccomp|CapInh|CapPrm|CapEff|CapBnd|CapAmb|Uid|Gid):'
    const output = await inside(
      `grep -E '${fields}' /proc/1/status; echo; grep -E '${fields}' /proc/self/status`,
    )
    const [first, own] = output.trim().split(/\r?\n\r?\n/)
    expect(first).toMatch(/Seccomp:\s+2/)
    expect(first?.split(/\r?\n/)).toEqual(own?.split(/\r?\n/))
  })
})

describe('devices and settings of the kernel', () => {
  test('only harmless devices are there', async () => {
    const names = (await inside('ls /dev')).split(/\s+/).filter(Boolean).sort()
    expect((await readdir('/dev')).length).toBeGreaterThan(names.length)
    expect(names).toEqual(
      expect.arrayContaining(['full', 'null', 'ptmx', 'random', 'tty', 'urandom', 'zero']),
    )
    for (const name of [
      'mem',
      'kmsg',
      'kvm',
      'fuse',
      'net',
      'loop-control',
      'uinput',
      'dri',
      'snd',
    ])
      expect(names).not.toContain(name)
  })

  test('nothing under /proc or /sys that speaks for the machine can be written or read', async () => {
    const output = await inside(`
      for file in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/vm/drop_caches /proc/irq/default_smp_affinity
      do (echo x >$file) 2>/dev/null && echo "written $file"; done
      for file in /proc/kcore /proc/kmsg /proc/keys /proc/timer_list
      do head -c 1 $file 2>/dev/null | wc -c | grep -q 1 && echo "read $file"; done
      ls -d /sys/* 2>/dev/null; echo looked`)
    expect(output).toContain('looked')
    expect(output).not.toMatch(/written|read \/proc|^\/sys/m)
    // The control: outside, keys of one's own can be read.
    expect(outside('head -c 1 /proc/keys | wc -c; ls -d /sys')).toMatch(/\/sys/)
  })

  test('control groups can neither be seen nor mounted', async () => {
    const output = await inside(
      'cat /proc/self/cgroup; mkdir g; mount -t cgroup2 none g 2>&1 | head -1; ls g | wc -l; find / -fstype 9p -prune -o -name cgroup.procs -not -path "/proc/*" -print 2>/dev/null | wc -l',
    )
    expect(output).toMatch(/\n0\r?\n0\r?\n$/)
  })
})

describe('what is shared between processes', () => {
  test('shared memory and queues of the machine are not there', async () => {
    const name = `cloche-test-${process.pid}`
    await writeFile(join('/dev/shm', name), SECRET)
    const id = /\d+/.exec(execFileSync('ipcmk', ['-M', '4096'], { encoding: 'utf8' }))?.[0]
    try {
      expect(outside(`cat /dev/shm/${name}; ipcs -m`)).toMatch(new RegExp(`${SECRET}[^]*${id}`))
      const output = await inside(`cat /dev/shm/${name}; ls /dev/shm | wc -l; ipcs -m; ipcs -q`)
      expect(output).not.toContain(SECRET)
      expect(output).not.toMatch(new RegExp(`\\s${id}\\s`))
    } finally {
      await rm(join('/dev/shm', name), { force: true })
      if (id) spawnSync('ipcrm', ['-m', id])
    }
  })

  test('no mount is shared with the machine', async () => {
    expect(await inside('grep -c shared: /proc/self/mountinfo')).toMatch(/^0\r?$/m)
  })
})

describe('programs', () => {
  test('however one is started, it is under the same filter', async () => {
    const output = await inside(`
      filter() { "$@" -m1 '^Seccomp:' /proc/self/status; }
      filter grep
      cp /bin/grep ./copied && filter ./copied
      filter $(ls /lib64/ld-linux-* /lib/ld-linux-* 2>/dev/null | head -1) /bin/grep
      /usr/bin/python3 -c '
import os
fd = os.memfd_create("x")
os.write(fd, open("/bin/grep", "rb").read())
os.execve(fd, ["grep", "-m1", "^Seccomp:", "/proc/self/status"], {})'`)
    expect(output.match(/Seccomp:\s+2/g)).toHaveLength(4)
  })

  test('a set-user-id file made in the workspace gives nobody this user', async () => {
    await writeFile(join(place.workspace, 'tool'), '#!/bin/sh\n')
    await inside('chmod 4755 tool; cp /bin/sh mine; chmod 4755 mine')
    // An engine takes no such option for what it mounts; no new privileges hold it there.
    if (LEVEL === 'os') expect(await inside('grep " $PWD " /proc/self/mountinfo')).toMatch(/nosuid/)
    expect(await inside('grep NoNewPrivs /proc/self/status')).toMatch(/1/)
    // The bits are the person's to see: the files are theirs, as any they could make themselves.
    expect((await stat(join(place.workspace, 'mine'))).uid).toBe(process.getuid?.())
  })

  test('a crash leaves nothing outside, and starts nothing', async () => {
    const script = 'ulimit -Hc; sh -c "kill -SEGV \\$\\$"; ls -A | grep -i core; echo done'
    const output = await inside(script)
    expect(output).toContain('done')
    expect(output).not.toMatch(/core dumped|^core/m)
    // One byte is the number on which the kernel gives up, also where a program collects crashes.
    expect(output).toMatch(/^0\r?$/m)
    expect((await readdir(place.workspace)).filter((name) => name.includes('core'))).toEqual([])
  })
})

describe('other names of one file', () => {
  test('links lead nowhere the sandbox does not go', async () => {
    await symlink(join(place.home, 'secret'), join(place.workspace, 'link'))
    const spellings = [
      'link',
      `../secret`,
      `/proc/self/cwd/../secret`,
      `/proc/thread-self/root${place.home}/secret`,
      `${place.home}//secret`,
      `${place.home}/./secret`,
    ]
    const script = spellings.map((path) => `cat ${path} 2>/dev/null`).join('\n')
    expect(outside(script).split(SECRET)).toHaveLength(spellings.length + 1)
    expect(await inside(script)).not.toContain(SECRET)
    expect(await inside(`ln ${place.home}/secret hard 2>&1; ls hard 2>/dev/null`)).not.toMatch(
      /^hard/m,
    )
  })

  test('a masked file stays masked by every name it had at the start', async () => {
    await writeFile(join(place.workspace, '.env'), SECRET)
    const rule = join(place.workspace, '.env')
    const files = [{ path: rule, asked: rule, access: 'mask' as const, isPattern: false }]
    const { output } = await runInside(
      place,
      [
        '/bin/bash',
        '-c',
        'cat .env ./.env ../project/.env /proc/self/cwd/.env; ln .env other; cat other; mv .env x; cat x',
      ],
      { files },
    )
    expect(outside('cat .env')).toContain(SECRET)
    expect(output).not.toContain(SECRET)
  })
})

test('Cloche’s own data is nowhere inside, and it and its helpers cannot be written', async () => {
  const own = join(place.home, '.local', 'share', 'cloche')
  await mkdir(own, { recursive: true })
  await writeFile(join(own, 'rules.json'), SECRET)
  await chmod(own, 0o700)
  expect(outside(`cat ${own}/rules.json`)).toContain(SECRET)
  expect(await inside(`cat ${own}/rules.json; ls ${place.home}/.local`)).not.toContain(SECRET)
  const host = spawn('sleep', ['60'])
  expect(await inside(`ls /proc/${host.pid}/fd && echo seen`)).not.toContain('seen')
  host.kill()
  expect(await readFile(join(own, 'rules.json'), 'utf8')).toBe(SECRET)
})
