import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { NO_COMMANDS } from '../../src/main/core/process-roles.ts'
import { processKey } from '../../src/shared/domain/process.ts'
import { createTestWatcher, READER, type TestWatcher } from '../helpers/process-watch.ts'
import { sessionId } from '../helpers/recording.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { until } from './egress-harness.ts'

const withEvents = requireCapability('process events')
const SOURCE = resolve(import.meta.dirname, '../../native/process-events.c')
const execute = promisify(execFile)

let watched: TestWatcher
beforeEach(() => {
  watched = createTestWatcher('connector')
})
afterEach(() => watched.close())

/** A shell that waits for `go` before it runs the script, so that it is watched by then. */
async function startShell(script: string): Promise<{ child: ChildProcess; run(): Promise<void> }> {
  const child = spawn('sh', ['-c', `read go; ${script}`], { stdio: ['pipe', 'ignore', 'inherit'] })
  await once(child, 'spawn')
  const watch = watched.watch(child.pid ?? 0)
  await until(() => watched.started().length > 0, 'the shell was seen')
  return {
    child,
    run: async () => {
      const exited = once(child, 'exit')
      child.stdin?.write('go\n')
      await exited
      await watch.stop()
    },
  }
}

const execsOf = (key: string | undefined): string[] =>
  watched.facts.flatMap((fact) =>
    fact.type === 'proc/exec' && fact.key === key ? [fact.argv.join(' ')] : [],
  )
const running = (line: string) =>
  watched.started().find(({ key }) => execsOf(key).some((argv) => argv === line))

/** Compiles a small C program; its path. */
async function compile(source: string, flags: readonly string[] = []): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cloche-events-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const program = join(folder, 'program')
  await writeFile(`${program}.c`, source)
  await execute('gcc', ['-O2', '-pthread', `${program}.c`, '-o', program, ...flags])
  return program
}

withEvents(
  'ten thousand processes that live a moment are all seen, from start to end',
  async () => {
    const shell = await startShell('i=0; while [ $i -lt 10000 ]; do /bin/true; i=$((i+1)); done')
    await shell.run()
    const ends = watched.facts.flatMap((fact) => (fact.type === 'proc/ended' ? [fact.key] : []))
    const execs = watched.facts.filter((fact) => fact.type === 'proc/exec')
    expect(watched.started()).toHaveLength(10_001)
    expect(execs).toHaveLength(10_000)
    expect(new Set(ends).size).toBe(10_001)
    expect(watched.facts.filter((fact) => fact.type === 'proc/watching')).toEqual([
      { type: 'proc/watching', source: 'connector', reason: null },
    ])
    // What was executed is read while it runs, or not at all; then it is not made up.
    for (const { argv, exe } of execs)
      expect([['/bin/true'], []]).toContainEqual(exe === null ? argv : ['/bin/true'])
  },
)

withEvents('exit codes and signals are the true ones, also of those that were reaped', async () => {
  const shell = await startShell(
    "for end in 'exit 7' 'exit 255' 'kill -9 $$' 'kill -SEGV $$'; do sh -c \"sleep 0.1; $end\"; done",
  )
  await shell.run()
  const exitOf = (line: string) => watched.endOf(running(line))?.exit
  expect(exitOf('sh -c sleep 0.1; exit 7')).toEqual({ kind: 'exited', code: 7 })
  expect(exitOf('sh -c sleep 0.1; exit 255')).toEqual({ kind: 'exited', code: 255 })
  expect(exitOf('sh -c sleep 0.1; kill -9 $$')).toEqual({ kind: 'signalled', signal: 'SIGKILL' })
  expect(exitOf('sh -c sleep 0.1; kill -SEGV $$')).toEqual({ kind: 'signalled', signal: 'SIGSEGV' })
})

withEvents('a chain of execs is one process with every program it was', async () => {
  const shell = await startShell('sh -c \'exec env A=1 sh -c "sleep 0.1; exec sleep 0.11"\'')
  await shell.run()
  const lines = [
    `sh -c exec env A=1 sh -c "sleep 0.1; exec sleep 0.11"`,
    'env A=1 sh -c sleep 0.1; exec sleep 0.11',
    'sh -c sleep 0.1; exec sleep 0.11',
    'sleep 0.11',
  ]
  // One that was replaced before it could be read is unknown; none is taken for another.
  const execs = execsOf(running('sleep 0.11')?.key)
  expect(execs).toEqual(lines.map((line, index) => (execs[index] === '' ? '' : line)))
  expect(execs.slice(-2)).toEqual(lines.slice(-2))
})

withEvents(
  'a double fork into a session of its own stays a member, under its true starter',
  async () => {
    const shell = await startShell("setsid sh -c 'sleep 0.7 & exit 3'; sleep 1")
    await shell.run()
    const daemon = running('sleep 0.7')
    const starter = watched.started().find(({ key }) => key === daemon?.parent)
    expect(starter && watched.endOf(starter)?.exit).toEqual({ kind: 'exited', code: 3 })
    expect(watched.facts).toContainEqual({
      type: 'proc/reparented',
      key: daemon?.key,
      parent: null,
    })
    expect(watched.endOf(daemon)?.exit).toEqual({ kind: 'exited', code: 0 })
  },
)

withEvents('start and end carry the kernel’s own times', async () => {
  const shell = await startShell('sleep 0.25')
  await shell.run()
  const node = running('sleep 0.25')
  const lived = (watched.endOf(node)?.endedAtMs ?? 0) - (node?.startedAtMs ?? 0)
  expect(lived).toBeGreaterThanOrEqual(249)
  expect(lived).toBeLessThan(350)
})

withEvents('the key is the one that /proc shows', async () => {
  const shell = await startShell('for i in 1 2 3 4 5 6 7 8; do sleep 2 & done; wait')
  const ran = shell.run()
  await until(() => watched.started().length === 9, 'all started')
  for (const { pid, key } of watched.started().slice(1)) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The name, in brackets, may hold spaces: the start time is the 20th word after it.
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    expect(key).toBe(processKey(pid, Number(startTicks)))
  }
  await ran
})

describe('threads', () => {
  const test = requireCapability('process events', 'gcc')

  test('a process goes on when its first thread ends, and ends as the last one says', async () => {
    const program = await compile(`
      #include <pthread.h>
      #include <stdlib.h>
      #include <unistd.h>
      static void *other(void *none) { usleep(300000); exit(9); return none; }
      int main(void) { pthread_t t; pthread_create(&t, 0, other, 0); pthread_exit(0); }`)
    const shell = await startShell(program)
    await shell.run()
    const node = running(program)
    const end = watched.endOf(node)
    expect(end?.exit).toEqual({ kind: 'exited', code: 9 })
    expect((end?.endedAtMs ?? 0) - (node?.startedAtMs ?? 0)).toBeGreaterThan(250)
  })

  test('another thread may execute a program: still one process, not ended in between', async () => {
    const program = await compile(`
      #include <pthread.h>
      #include <unistd.h>
      static void *other(void *none) { usleep(100000); execl("/bin/sleep", "sleep", "0.31", (char *)0); return none; }
      int main(void) { pthread_t t; pthread_create(&t, 0, other, 0); pause(); }`)
    const shell = await startShell(program)
    await shell.run()
    const node = running('sleep 0.31')
    expect(execsOf(node?.key)).toEqual([program, 'sleep 0.31'])
    expect(watched.endOf(node)?.exit).toEqual({ kind: 'exited', code: 0 })
    expect(watched.facts.filter((fact) => fact.type === 'proc/ended')).toHaveLength(2)
  })

  test('threads are no processes, and a forking thread is its process', async () => {
    const program = await compile(`
      #include <pthread.h>
      #include <unistd.h>
      #include <sys/wait.h>
      static void *other(void *none) { if (!fork()) _exit(4); wait(0); return none; }
      int main(void) {
        pthread_t t[20];
        for (int i = 0; i < 20; i++) pthread_create(&t[i], 0, other, 0);
        for (int i = 0; i < 20; i++) pthread_join(t[i], 0);
      }`)
    const shell = await startShell(program)
    await shell.run()
    const node = running(program)
    const children = watched.started().filter(({ parent }) => parent === node?.key)
    expect(children).toHaveLength(20)
    for (const child of children)
      expect(watched.endOf(child)?.exit).toEqual({ kind: 'exited', code: 4 })
    expect(watched.started()).toHaveLength(22)
  })
})

describe('pid reuse', () => {
  const test = requireCapability('process events', 'few pids')

  test('processes that had the same number are different ones', async () => {
    // A pid namespace of its own with few numbers: they come round many times.
    const child = spawn(
      'unshare',
      [
        '-Urpf',
        '--kill-child',
        '--mount-proc',
        'sh',
        '-c',
        'echo 400 >/proc/sys/kernel/pid_max; read go; i=0; while [ $i -lt 1500 ]; do /bin/true; i=$((i+1)); done',
      ],
      { stdio: ['pipe', 'ignore', 'inherit'] },
    )
    await once(child, 'spawn')
    const watch = watched.watch(child.pid ?? 0)
    await until(() => watched.started().length > 1, 'the shell was seen')
    child.stdin.write('go\n')
    await once(child, 'exit')
    await watch.stop()
    const inner = watched.started().flatMap(({ innerPid }) => innerPid ?? [])
    expect(watched.started()).toHaveLength(1_502)
    expect(new Set(watched.started().map(({ key }) => key)).size).toBe(1_502)
    expect(new Set(inner).size).toBeLessThan(400)
  })
})

withEvents('two sessions and what is in none are told apart', async () => {
  const other = spawn('sh', ['-c', 'read go; sleep 0.2; sleep 0.21'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  await once(other, 'spawn')
  const second: string[] = []
  const watch = watched.watcher.watch({
    sessionId: sessionId(2),
    commands: NO_COMMANDS,
    rootPid: other.pid ?? 0,
    report: (facts) =>
      second.push(...facts.map((fact) => (fact.type === 'proc/exec' ? fact.argv.join(' ') : ''))),
  })
  const outside = spawn('sh', ['-c', 'sleep 0.22; sleep 0.23'], { stdio: 'ignore' })
  // Listened for at once: on a busy machine it ends before the next line is done.
  const ended = Promise.all([once(other, 'exit'), once(outside, 'exit')])
  const shell = await startShell('sleep 0.24; sleep 0.25')
  other.stdin.write('go\n')
  await Promise.all([shell.run(), ended])
  await watch.stop()
  expect(second.filter((line) => line !== '')).toEqual(['sleep 0.2', 'sleep 0.21'])
  const first = watched.facts.flatMap((fact) =>
    fact.type === 'proc/exec' ? [fact.argv.join(' ')] : [],
  )
  expect(first).toEqual(['sleep 0.24', 'sleep 0.25'])
})

describe('where the kernel does not tell', () => {
  test('without the reader, processes are sampled, and it is said why', async () => {
    const sampled = createTestWatcher('sampler')
    const child = spawn('sleep', ['0.9'])
    await once(child, 'spawn')
    sampled.watch(child.pid ?? 0)
    await until(() => sampled.started().length === 1, 'it was seen')
    expect(sampled.facts[0]).toEqual({
      type: 'proc/watching',
      source: 'sampler',
      reason: 'the reader of process events was not built on this machine',
    })
    expect(await sampled.watcher.reason()).toMatch(/not built/)
    await sampled.close()
  })

  requireCapability('process events', 'namespaces')(
    'refused by the kernel, as in a container, it is said what was refused',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'cloche-events-'))
      onTestFinished(() => rm(folder, { recursive: true, force: true }))
      const program = join(folder, 'refused')
      await writeFile(program, `#!/bin/sh\nexec unshare -Urn ${READER}\n`, { mode: 0o755 })
      const refused = createTestWatcher('connector', program)
      const reason = await refused.watcher.reason()
      expect(reason).toMatch(/^the (socket|kernel) .*(not|error \d+)/)
      const child = spawn('sleep', ['0.9'])
      await once(child, 'spawn')
      refused.watch(child.pid ?? 0)
      await until(() => refused.started().length === 1, 'it was seen')
      expect(refused.facts[0]).toEqual({ type: 'proc/watching', source: 'sampler', reason })
      await refused.close()
    },
  )

  withEvents('when the reader dies, the session goes on sampled, and nothing is lost', async () => {
    const child = spawn('sh', ['-c', 'sleep 2.2; true'], { stdio: 'ignore' })
    const ended = once(child, 'exit')
    await once(child, 'spawn')
    const parts = createTestWatcher('connector')
    parts.watch(child.pid ?? 0)
    await until(() => parts.started().length === 2, 'both were seen')
    const { stdout } = await execute('pgrep', [
      '-P',
      String(process.pid),
      '-f',
      'native/process-events',
    ])
    const readers = stdout.trim().split('\n').map(Number)
    process.kill(Math.max(...readers), 'SIGKILL')
    await until(
      () => parts.facts.some((fact) => fact.type === 'proc/watching' && fact.source === 'sampler'),
      'it was said',
    )
    await ended
    await until(
      () => parts.facts.filter((fact) => fact.type === 'proc/ended').length === 2,
      'both ended',
    )
    expect(parts.faults).toHaveLength(1)
    parts.faults.length = 0
    await parts.close()
  })
})

describe('the reader', () => {
  const test = requireCapability('process events', 'gcc')

  test('compiles without a warning', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cloche-events-'))
    await execute('gcc', [
      '-std=c11',
      '-O2',
      '-Wall',
      '-Wextra',
      '-Werror',
      SOURCE,
      '-o',
      join(folder, 'x'),
    ])
    await rm(folder, { recursive: true })
  })

  test('keeps what memory checks look for', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cloche-events-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const program = join(folder, 'checked')
    await execute('gcc', [
      '-std=c11',
      '-O1',
      '-g',
      '-fsanitize=address,undefined',
      '-fno-sanitize-recover=all',
      SOURCE,
      '-o',
      program,
    ])
    const checked = createTestWatcher('connector', program)
    const child = spawn(
      'sh',
      ['-c', 'read go; i=0; while [ $i -lt 300 ]; do sh -c "exit 1"; i=$((i+1)); done'],
      { stdio: ['pipe', 'ignore', 'ignore'] },
    )
    await once(child, 'spawn')
    const watch = checked.watch(child.pid ?? 0)
    await until(() => checked.started().length === 1, 'it was seen')
    child.stdin.write('go\n')
    await once(child, 'exit')
    await watch.stop()
    expect(checked.started()).toHaveLength(301)
    await checked.close()
  })
})
