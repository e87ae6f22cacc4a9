import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { MACHINE_KERNEL } from '../../src/main/backends/entered.ts'
import { seenIn } from '../../src/main/backends/vm/guest-enter.ts'
import { splitStat } from '../../src/main/core/proc-stat.ts'
import { createProcesses } from '../../src/main/create-processes.ts'
import { machineProc } from '../../src/main/procwatch/machine-proc.ts'
import type { Sandbox } from '../../src/main/core/ports.ts'
import { failure } from '../helpers/failure.ts'
import { bash, runOutside } from '../helpers/outside.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import {
  makePlace,
  type Place,
  startInTerminal,
  startSandbox,
  type Started,
  type Terminal,
} from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap')
const SECRET = 'only-the-machine-may-read-this'

let place: Place
let started: Started
let sandbox: Sandbox

beforeEach(async () => {
  place = await makePlace()
  await mkdir(join(place.home, '.ssh'))
  await writeFile(join(place.home, '.ssh', 'key'), SECRET, { mode: 0o600 })
  // The agent: it holds what no other program of the session is to take for its own.
  started = await startSandbox(place, ['/bin/sh', '-c', 'echo ready; exec sleep 600'], {
    limits: { cpuPercent: null, memoryBytes: null, processes: 200, diskBytes: null },
  })
  if (!started.sandbox.ok) throw failure(started.sandbox.error)
  sandbox = started.sandbox.value
  await sandbox.release()
  await expect.poll(started.terminal.output).toContain('ready')
})
afterEach(async () => {
  await sandbox.destroy()
  await started.terminal.exited
  await place.dispose()
})

interface Opened {
  readonly terminal: Terminal
  readonly pid: number
  readonly release: () => Promise<void>
  readonly signal: (signal: 'SIGHUP' | 'SIGKILL') => Promise<void>
}

/** Enters as the host does; the shell waits. */
async function enter(shell: string | null = '/bin/bash'): Promise<Opened> {
  const entry = await sandbox.enter(shell)
  if (!entry.ok) throw new Error(entry.error)
  const terminal = startInTerminal(entry.value.launch)
  const exit = new AbortController()
  void terminal.exited.then(() => exit.abort())
  const joined = await entry.value.join(terminal.pty.pid, exit.signal)
  if (joined.ok) return { terminal, ...joined.value }
  await entry.value.abandon()
  throw new Error(`${joined.error} ${terminal.output()}`)
}

/** What a line typed into it wrote. */
async function typed({ terminal }: Pick<Opened, 'terminal'>, line: string): Promise<string> {
  const mark = `done-${Math.random().toString(36).slice(2)}`
  const before = terminal.output().length
  // In two halves, so that the echo of what is typed is not taken for what it wrote.
  const [head, tail] = [mark.slice(0, 6), mark.slice(6)]
  terminal.pty.write(`${line}; echo ${head}''${tail}\r`)
  await expect.poll(() => terminal.output().slice(before)).toContain(mark)
  return terminal.output().slice(before)
}

/** In a mask of the kernel's. */
const SIGPIPE = 1 << 12
const REACH = (home: string): string => `cat ${home}/.ssh/key`
/** Of the kernel that the session's programs run on. */
const seen = () => (sandbox.kernel ? seenIn(sandbox.kernel) : MACHINE_KERNEL)
const rootPid = (): number => sandbox.kernel?.rootPid ?? sandbox.rootPid
const agentOf = async (): Promise<number> => (await seen().children(rootPid()))[0]!
const readOf = async (pid: number, name: string): Promise<string> => {
  const { read } = sandbox.kernel?.proc ?? machineProc
  return (await read(`/proc/${pid}/${name}`, 256 * 1024))?.toString('utf8') ?? ''
}
const membersNow = () =>
  createProcesses({ entries: '/nowhere', clock, log: silent }).of(sandbox).reader.members(rootPid())
const clock = { wallMs: () => Date.now(), monoMs: () => performance.now() }
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

describe('a further terminal', () => {
  test('waits, and then runs a shell behind the walls of the agent', async () => {
    const opened = await enter()
    expect(splitStat(await readOf(opened.pid, 'stat'))?.state).toBe('T')
    const [agent, its] = await Promise.all([await agentOf(), opened.pid].map(seen().facts))
    expect(agent?.seccomp).toBe('2')
    expect(its).toEqual(agent)
    await opened.release()
    expect(await typed(opened, 'echo "$0 in $PWD with $CLOCHE"')).toContain(
      `/bin/bash in ${place.workspace} with 1`,
    )
  })

  test('reads and reaches no more than the agent', async () => {
    const outside = await runOutside(bash(`${REACH(place.home)}; ls /proc/${process.pid}/fd`))
    expect(outside).toContain(SECRET)
    const opened = await enter()
    await opened.release()
    const files = await typed(
      opened,
      `${REACH(place.home)}; cat /etc/shadow; ls /proc | grep -c '^[0-9]'`,
    )
    expect(files).not.toContain(SECRET)
    expect(files).toContain('No such file')
    // The workspace is the same (positive control).
    await typed(opened, 'echo from-the-terminal >made-there')
    expect(await readFile(join(place.workspace, 'made-there'), 'utf8')).toBe('from-the-terminal\n')
    expect(
      await typed(opened, `kill -0 ${process.pid}; ls /proc/net/dev && cat /proc/net/dev`),
    ).not.toMatch(/eth\d|wlan/)
    const rights = await typed(
      opened,
      'grep -E "^(Cap(Eff|Prm|Bnd)|NoNewPrivs|Seccomp):" /proc/self/status',
    )
    expect(rights.replaceAll(/\s+/g, ' ')).toMatch(
      /CapPrm: 0+ CapEff: 0+ CapBnd: 0+ NoNewPrivs: 1 Seccomp: 2/,
    )
    expect(await typed(opened, 'unshare -U true')).toMatch(/not permitted|Operation/)
  })

  test('has no environment of the host’s, and its keys', async () => {
    const opened = await enter()
    await opened.release()
    const names = await typed(
      opened,
      "tr '\\0' '\\n' </proc/$$/environ | cut -d= -f1 | sort | tr '\\n' ' '",
    )
    const agents = (await readOf(await agentOf(), 'environ')).split('\0')
    const wanted = agents
      .map((item) => item.split('=')[0])
      .filter(Boolean)
      .sort()
    // A shell's own, and one that only the first program of an engine gets.
    for (const name of wanted)
      if (!['PWD', 'SHLVL', '_', 'OLDPWD', 'HOSTNAME'].includes(name!))
        expect(names).toContain(name)
    expect(names).not.toContain('npm_')
    // Ctrl+C reaches what runs in it, and not the shell.
    opened.terminal.pty.write('sleep 500\r')
    await expect.poll(opened.terminal.output).toContain('sleep 500')
    opened.terminal.pty.write('\x03')
    expect(await typed(opened, 'echo "still $0"')).toContain('still /bin/bash')
  })

  test('runs another shell where the wanted one is not inside', async () => {
    const opened = await enter(join(place.home, 'no-such-shell'))
    await opened.release()
    expect(await typed(opened, 'echo "it is $0"')).toMatch(/it is \/bin\/(ba)?sh/)
  })

  test('is one of the session’s processes, and takes its limits', async () => {
    const opened = await enter()
    expect(await membersNow()).toContain(opened.pid)
    const [agent, its] = await Promise.all(
      [await agentOf(), opened.pid].map((pid) => readOf(pid, 'limits')),
    )
    expect(agent).toContain('Max processes')
    expect(its).toBe(agent)
    const ignored = await Promise.all(
      [await agentOf(), opened.pid].map(async (pid) =>
        Number.parseInt(/^SigIgn:\s*(\w+)/m.exec(await readOf(pid, 'status'))![1]!, 16),
      ),
    )
    expect(ignored.map((mask) => mask & SIGPIPE)).toEqual([0, 0])
    const groups = await Promise.all(
      [await agentOf(), opened.pid].map((pid) => readOf(pid, 'cgroup')),
    )
    expect(groups[1]).toBe(groups[0])
    await opened.signal('SIGKILL')
    await opened.terminal.exited
  })

  test('ends when it is hung up, and the agent goes on', async () => {
    const opened = await enter()
    await opened.release()
    await typed(opened, 'true')
    await opened.signal('SIGHUP')
    await opened.terminal.exited
    expect(await seen().facts(await agentOf())).not.toBeNull()
  })

  test('tells how its shell ended', async () => {
    const opened = await enter()
    await opened.release()
    opened.terminal.pty.write('exit 7\r')
    expect((await opened.terminal.exited).exitCode).toBe(7)
  })

  test('ends with the session, and leaves nothing', async () => {
    const opened = await enter()
    await opened.release()
    await typed(opened, 'sleep 777 & true')
    await sandbox.destroy()
    await opened.terminal.exited
    // What ran in a machine has ended with it.
    expect(await seen().facts(opened.pid)).toBeNull()
    if (!sandbox.kernel) expect(await membersNow()).toEqual([])
  })

  test('is refused where the session has ended', async () => {
    await sandbox.destroy()
    await expect(enter()).rejects.toThrow()
  })
})
