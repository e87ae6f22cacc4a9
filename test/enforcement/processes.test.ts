import { copyFile, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { readKernelFacts } from '../../src/main/backends/kernel-facts.ts'
import { readGuestFacts } from '../../src/main/backends/vm/guest-facts.ts'
import type { Sandbox } from '../../src/main/core/ports.ts'
import { createGuestKernel } from '../../src/main/procwatch/guest-proc.ts'
import type { WatchedKernel } from '../../src/main/procwatch/kernel.ts'
import { createMachineKernel } from '../../src/main/procwatch/machine-proc.ts'
import { createProcessReader } from '../../src/main/procwatch/procfs.ts'
import { asOwnRoot, bash, naively, runOutside, shell } from '../helpers/outside.ts'
import { monoMs } from '../helpers/pty-parts.ts'
import { LEVEL, onlyInOs } from '../helpers/level.ts'
import { makeSharedPlace } from '../helpers/shared-place.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import {
  makePlace,
  type Place,
  runInside,
  startInTerminal,
  whileInside,
} from '../helpers/sandbox.ts'
import { compileEscapes } from '../helpers/escape-program.ts'

const test = requireCapability('bubblewrap', 'gcc', 'python3')

let place: Place
beforeAll(async () => {
  place = await makeSharedPlace()
})
afterAll(() => place.dispose())

/** What knows the processes of a sandbox: this machine's kernel, or its own. */
const kernelOf = ({ kernel }: Sandbox) =>
  kernel ? createGuestKernel(kernel.proc) : createMachineKernel()
const firstOf = ({ kernel, rootPid }: Sandbox): number => kernel?.rootPid ?? rootPid
const readerOf = (sandbox: Sandbox) =>
  createProcessReader(kernelOf(sandbox), { wallMs: () => Date.now(), monoMs })
const membersOf = (sandbox: Sandbox, reader = readerOf(sandbox)) =>
  reader.scan(firstOf(sandbox), new Map())

const effectiveUser = async ({ proc }: WatchedKernel, pid: number): Promise<string | undefined> =>
  /^Uid:\s*\d+\t(\d+)/m.exec(String(await proc.read(`/proc/${pid}/status`, 16 * 1024)))?.[1]

/** One line per process that says what holds it. */
const rightsOf = async ({ kernel }: Pick<Sandbox, 'kernel'>, pid: number): Promise<string> => {
  const facts = await (kernel ? readGuestFacts(kernel.proc, pid) : readKernelFacts(pid))
  const rights = [facts?.seccomp, facts?.noNewPrivs, ...(facts?.capabilities ?? [])]
  return [...rights, ...Object.values(facts?.namespaces ?? {})].join(' ')
}

describe('everything that runs inside is under the one boundary', () => {
  test('by the loader, from memory, as a copy, by an interpreter, in a session of its own', async () => {
    const program = compileEscapes(place)
    const loader = /interpreter (\S+?)[,\s]/.exec(
      await runOutside(
        shell(`python3 - <<'E'
import re
print('interpreter', re.search(rb'/lib\\S*/ld-[^\\0]+', open('/bin/sleep','rb').read(4096)).group().decode(), '')
E`),
      ),
    )![1]!
    await copyFile('/bin/sleep', join(place.workspace, 'a-copy'))
    const script = `
      ${loader} /bin/sleep 601 &
      ${program} execute-from-memory /bin/sleep 602 &
      ./a-copy 603 &
      python3 -c 'import os; os.execv("/bin/sleep", ["renamed", "604"])' &
      (setsid nohup sleep 605 >/dev/null 2>&1 &)
      exec sleep 606`
    await whileInside(place, bash(script), async ({ sandbox }) => {
      const last = async () =>
        (await membersOf(sandbox))
          .map(({ argv }) => argv.at(-1))
          .filter((word) => /^60\d$/.test(word ?? ''))
          .sort()
      await expect.poll(last).toEqual(['601', '602', '603', '604', '605', '606'])
      const members = await membersOf(sandbox)
      const found = (argument: string) => members.find(({ argv }) => argv.at(-1) === argument)
      expect(found('601')?.exe).toMatch(/\/ld-/)
      expect(found('602')?.exe).toBe('/memfd:cloche (deleted)')
      expect(found('603')?.exe).toBe(join(place.workspace, 'a-copy'))
      expect(found('604')).toMatchObject({ name: 'renamed' })
      const rights = new Set(await Promise.all(members.map(({ pid }) => rightsOf(sandbox, pid))))
      expect([...rights]).toEqual([await rightsOf(sandbox, firstOf(sandbox))])
      expect([...rights][0]).toMatch(/^2 1 0+ 0+ 0+ 0+ (\S+ )?user:/)
      expect([...rights][0]).not.toBe(await rightsOf({ kernel: null }, process.pid))
    })
  })

  // A container's is ours, and holds the line to this host: see test/enforcement/surface.test.ts.
  onlyInOs(test, 'its first process is another')(
    'the first process holds nothing of the machine, and no more rights than the agent',
    async () => {
      await whileInside(place, ['/bin/sleep', '600'], async ({ sandbox }) => {
        const folder = `/proc/${sandbox.rootPid}/fd`
        const open = await Promise.all(
          (await readdir(folder)).map((name) => readlink(join(folder, name))),
        )
        const strangers = open.filter(
          (path) => !/^\/dev\/pts\/\d+$|^anon_inode:\[eventfd\]$/.test(path),
        )
        expect(strangers).toEqual([])
        expect(await readFile(`/proc/${sandbox.rootPid}/environ`, 'utf8')).toBe('')
      })
    },
  )
})

test('a protected file is not reached by leaving the mount table it is protected in', async () => {
  const place = await makePlace()
  const folder = join(place.workspace, '.git')
  const config = join(folder, 'config')
  await runOutside(shell(`mkdir -p '${folder}' && echo '[core]' >'${config}'`))
  const attempt = [compileEscapes(place), 'leave-mount-table', folder, 'config']

  await runOutside(naively(attempt, ['--bind', '/', '/', '--ro-bind', config, config]))
  expect(await readFile(config, 'utf8'), 'in a naive sandbox, it must succeed').toBe('planted\n')

  await writeFile(config, '[core]\n')
  const { output } = await runInside(place, attempt)
  expect(output).toContain('stopped at unshare')
  expect(await readFile(config, 'utf8')).toBe('[core]\n')
  await place.dispose()
})

test('devices: only those every program needs, and no new one can be made', async () => {
  const list = 'for path in /dev/* /dev/pts/*; do [ -b $path ] || [ -c $path ] && echo $path; done'
  const inside = (await runInside(place, shell(list))).output.trim().split(/\s+/).sort()
  expect(inside).toEqual(
    [
      ...['full', 'null', 'ptmx', 'pts/ptmx', 'random', 'tty', 'urandom', 'zero'],
      ...['stderr', 'stdin', 'stdout'],
      // A machine has its program's terminal and none besides; bubblewrap gives it by another name.
      ...(LEVEL === 'vm' ? [] : ['console']),
      ...(LEVEL === 'os' ? [] : ['pts/0']),
    ]
      .map((name) => `/dev/${name}`)
      .sort(),
  )
  const outside = (await runOutside(shell(list))).trim().split(/\s+/)
  expect(outside.filter((path) => !inside.includes(path)).length).toBeGreaterThan(0)
  const { output } = await runInside(
    place,
    shell('for kind in "c 1 1" "c 10 200" "b 8 0"; do mknod made $kind && echo made; done'),
  )
  expect(output).not.toMatch(/^made/m)
  expect(await readdir(place.workspace)).not.toContain('made')
})

test('the kernel’s switches: read-only, hidden, or not there', async () => {
  const port = '/proc/sys/net/ipv4/ip_unprivileged_port_start'
  const attempt = shell(`echo 0 >${port}; cat ${port}`)
  expect((await runOutside(asOwnRoot(attempt))).trim()).toBe('0')
  expect((await runInside(place, attempt)).output).toMatch(/\b1024\s*$/)

  const visible = shell('cat /proc/keys')
  expect(await runOutside(visible)).toMatch(/keyring/)
  expect((await runInside(place, visible)).output).not.toMatch(/keyring/)

  const pattern = await readFile('/proc/sys/kernel/core_pattern', 'utf8')
  const { output } = await runInside(
    place,
    shell(`
      echo '|/x' >/proc/sys/kernel/core_pattern && echo written
      echo b >/proc/sysrq-trigger && echo written
      echo x >/proc/1/loginuid && echo written
      head -c 1 /proc/kcore && echo read
      for path in acpi scsi timer_list kmsg sched_debug; do
        [ -s /proc/$path ] && [ "$(ls -A /proc/$path 2>/dev/null)" != '' ] && cat /proc/$path | head -n 1 | grep . && echo shows $path
      done
      ls /sys /sys/kernel; echo end`),
  )
  expect(output).toContain('end')
  expect(output).not.toMatch(/written|^read|shows/m)
  expect(output).toMatch(LEVEL === 'container' ? /\/sys:\r?\nend/ : /cannot access '\/sys'/)
  expect(await readFile('/proc/sys/kernel/core_pattern', 'utf8')).toBe(pattern)
})

test('control groups: none is mounted, none can be', async () => {
  const look = shell(
    'grep -c " - cgroup" /proc/self/mountinfo; find / -xdev -name cgroup.procs -o -name release_agent 2>/dev/null | head -n 3; mkdir -p c; mount -t cgroup2 none c && echo mounted && umount c',
  )
  expect(Number((await runOutside(look, { cwd: place.workspace })).split('\n')[0])).toBeGreaterThan(
    0,
  )
  const { output } = await runInside(place, look)
  // An engine mounts some, and then covers them.
  if (LEVEL === 'os') expect(output.split(/\s+/)[0]).toBe('0')
  expect(output).not.toMatch(/cgroup\.procs|release_agent|^mounted/m)
})

describe('set-user-id programs', () => {
  test('become nobody else', async () => {
    const own = String(process.getuid!())
    const outside = startInTerminal({ file: '/bin/sh', args: ['-c', 'su; :'], env: {}, cwd: '/' })
    await expect.poll(() => outside.output()).toMatch(/assword/)
    const shellPid = outside.pty.pid
    const su = Number(await readFile(`/proc/${shellPid}/task/${shellPid}/children`, 'utf8'))
    expect(await effectiveUser(createMachineKernel(), su)).toBe('0')
    outside.pty.write('\x03\x04')
    await outside.exited

    await whileInside(place, shell('while :; do su; done'), async ({ sandbox, terminal }) => {
      const users: string[] = []
      const kernel = kernelOf(sandbox)
      // Each lives a moment only, and a new reader looks at the whole machine first.
      const reader = readerOf(sandbox)
      const look = async (): Promise<number> => {
        for (const { pid, exe } of await membersOf(sandbox, reader))
          if (exe?.endsWith('/su')) users.push((await effectiveUser(kernel, pid)) ?? own)
        return users.length
      }
      await expect.poll(look, { interval: 1 }).toBeGreaterThan(5)
      expect(new Set(users)).toEqual(new Set([own]))
      expect(terminal.output()).not.toMatch(/assword/)
    })
  })

  onlyInOs(test, 'an engine takes no such option for what it mounts; no_new_privs holds it')(
    'no folder honours the bit, and no device file in it is one',
    async () => {
      const { output } = await runInside(place, ['/bin/cat', '/proc/self/mountinfo'])
      const options = output
        .trim()
        .split(/\r?\n/)
        .map((line) => line.split(' '))
        .map(([, , , , point, flags]) => [point!, flags!.split(',')] as const)
      expect(options.length).toBeGreaterThan(10)
      expect(options.filter(([, flags]) => !flags.includes('nosuid'))).toEqual([])
      // The few devices are bind mounts of the machine's own files.
      const mayHold = options.filter(
        ([point, flags]) => !flags.includes('nodev') && point !== '/dev',
      )
      expect(mayHold.filter(([point]) => !/^\/dev\/\w+/.test(point))).toEqual([])
    },
  )
})
