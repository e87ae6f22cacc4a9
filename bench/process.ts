// What it costs to see the processes of a session, and what part of them is seen: Cloche with the
// kernel's events and without, a loop of ps, htop and forkstat, one after the other over the same
// load. Argument: folder of the built entries.
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { machineProc } from '../src/main/procwatch/machine-proc.ts'
import { readChildren } from '../src/main/procwatch/proc-files.ts'
import { watchAsHost } from './process-worker.ts'

const CHILD = `
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
extern char **environ;
// load COUNT MICROSECONDS: starts COUNT processes, each at most so long after the one before.
// load NUMBER: one of them; lives a millisecond.
static long now_us(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000L + t.tv_nsec / 1000; }
int main(int argc, char **argv) {
  if (argc == 2) { usleep(1000); return 0; }
  char word[8]; if (read(0, word, sizeof word) < 0) return 1;
  const int count = atoi(argv[1]); const long every = atol(argv[2]);
  long next = now_us();
  for (int i = 0; i < count; i++) {
    char number[16]; snprintf(number, sizeof number, "one%07d", i);
    char *const child[] = {argv[0], number, 0}; pid_t pid;
    if (posix_spawn(&pid, argv[0], 0, 0, child, environ) != 0) return 1;
    if (every == 0) waitpid(pid, 0, 0);
    else { while (waitpid(-1, 0, WNOHANG) > 0) continue; next += every; const long left = next - now_us(); if (left > 0) usleep(left); }
  }
  while (waitpid(-1, 0, 0) > 0) continue;
  sleep(1);
}`

export interface ProcessBench {
  readonly name: string
  /** Percent of one core. null: it could not run here. */
  readonly idlePercent: number | null
  readonly busyPercent: number | null
  /** Of 10,000 processes that live a millisecond, the share that was seen. */
  readonly seenShare: number | null
  /** Share whose command line was seen as well. */
  readonly namedShare: number | null
  readonly note: string
}

const TOTAL = 10_000
const PER_SECOND = 500
const SECONDS = 10

interface Watching {
  readonly pids: number[]
  /** Ends it; pids and names it saw. */
  stop(): Promise<{ readonly seen: number; readonly named: number }>
}

interface Contender {
  readonly name: string
  readonly note: string
  start(rootPid: number): Promise<Watching>
}

/** Processor time of a process and of all children it has reaped, in seconds. */
function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return sum + [11, 12, 13, 14].reduce((part, index) => part + Number(fields[index]), 0) / 100
  }, 0)
}

const namesIn = (text: string): number => new Set(text.match(/one\d{7}/g)).size

/** A program whose output names what it saw. */
function outputOf(name: string, note: string, command: readonly string[]): Contender {
  const [file = '', ...args] = command
  return {
    name,
    note,
    start: async () => {
      const child = spawn(file, args, {
        stdio: ['pipe', 'pipe', 'ignore'],
        env: { ...process.env, TERM: 'xterm', COLUMNS: '400', LINES: '200' },
      })
      const parts: Buffer[] = []
      child.stdout.on('data', (part: Buffer) => parts.push(part))
      await once(child, 'spawn')
      await sleep(500)
      if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`)
      return {
        // What a loop starts is counted with it once reaped; a wrapper's one child is counted itself.
        pids: [
          child.pid ?? 0,
          ...(file === 'sh' ? [] : await readChildren(machineProc, child.pid ?? 0)),
        ],
        stop: async () => {
          for (const pid of await readChildren(machineProc, child.pid ?? 0)) kill(pid)
          child.kill()
          await Promise.race([once(child, 'close'), sleep(2_000)])
          const named = namesIn(Buffer.concat(parts).toString('latin1'))
          return { seen: named, named }
        },
      }
    },
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid)
  } catch {
    // It ended by itself.
  }
}

/** A worker that does what the host does: watch, timeline, recording on disk, one viewer. */
function cloche(name: string, note: string, reader: string, scratch: string): Contender {
  return {
    name,
    note,
    start: async (rootPid) => {
      const worker = fork(process.argv[1] ?? '', ['worker', reader, scratch, String(rootPid)])
      const failed = once(worker, 'exit').then(() => {
        throw new Error('the worker ended')
      })
      failed.catch(() => undefined)
      const [pids] = (await Promise.race([once(worker, 'message'), failed])) as [number[]]
      return {
        pids,
        stop: async () => {
          const answer = once(worker, 'message')
          worker.send('stop')
          const [result] = (await Promise.race([answer, failed])) as [
            { seen: number; named: number },
          ]
          worker.kill()
          return result
        },
      }
    },
  }
}

async function load(program: string, count: number, everyUs: number): Promise<ChildProcess> {
  const child = spawn(program, [String(count), String(everyUs)], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  await once(child, 'spawn')
  return child
}

async function measure(contender: Contender, program: string): Promise<ProcessBench> {
  const percentOf = async (count: number, everyUs: number) => {
    const child = await load(program, count, everyUs)
    const watching = await contender.start(child.pid ?? 0)
    await sleep(1_000)
    const [before, from] = [cpuSeconds(watching.pids), performance.now()]
    const isBusy = everyUs > 0 || count > 0
    if (isBusy) {
      const exited = once(child, 'exit')
      child.stdin?.write('go\n')
      await exited
    } else await sleep(SECONDS * 1_000)
    const percent = ((cpuSeconds(watching.pids) - before) / (performance.now() - from)) * 100_000
    const { seen, named } = await watching.stop()
    child.kill()
    return { percent, seen, named }
  }
  try {
    const idle = await percentOf(0, 0)
    const busy = await percentOf(PER_SECOND * SECONDS, 1e6 / PER_SECOND)
    const burst = await percentOf(TOTAL, 0)
    return {
      name: contender.name,
      idlePercent: idle.percent,
      busyPercent: busy.percent,
      seenShare: burst.seen / TOTAL,
      namedShare: burst.named / TOTAL,
      note: contender.note,
    }
  } catch (cause) {
    const none = { idlePercent: null, busyPercent: null, seenShare: null, namedShare: null }
    return { name: contender.name, ...none, note: `not measured: ${String(cause)}` }
  }
}

/** Needs gcc, ps, htop, script and forkstat; what is missing is a line that says so. */
export async function benchProcesses(entries: string, scratch: string): Promise<ProcessBench[]> {
  const program = join(scratch, 'load')
  writeFileSync(`${program}.c`, CHILD)
  execFileSync('gcc', ['-O2', `${program}.c`, '-o', program])
  const reader = join(entries, '../native/process-events')
  const contenders = [
    cloche('Cloche', 'kernel events, recorded and shown', reader, scratch),
    cloche('Cloche, sampled', 'without the events', '/nowhere', scratch),
    outputOf('ps, five times a second', '', [
      'sh',
      '-c',
      'while :; do ps -eo pid,ppid,etimes,args; sleep 0.2; done',
    ]),
    outputOf('htop', 'redraws every 0.5 s', ['script', '-qfc', 'htop -d 5', '/dev/null']),
    outputOf('forkstat', 'prints, keeps no tree', ['forkstat', '-e', 'fork,exec,exit', '-x']),
  ]
  const results: ProcessBench[] = []
  for (const contender of contenders) {
    const result = await measure(contender, program)
    results.push(result)
    console.error(`${result.name}: done`)
  }
  return results
}

export function processTable(results: readonly ProcessBench[]): string {
  const show = (value: number | null, unit: number): string =>
    value === null ? '–' : `${(value * unit).toFixed(1)} %`
  const rows = results.map((item) =>
    [
      item.name.padEnd(26),
      show(item.idlePercent, 1).padStart(8),
      show(item.busyPercent, 1).padStart(10),
      show(item.seenShare, 100).padStart(9),
      show(item.namedShare, 100).padStart(9),
      `  ${item.note}`,
    ].join(''),
  )
  const head = `${''.padEnd(26)}${'idle'.padStart(8)}${'500/s'.padStart(10)}${'seen'.padStart(9)}${'named'.padStart(9)}`
  return [
    'Processes: percent of one core, and what part of 10,000 that live 1 ms was seen',
    head,
    ...rows,
  ].join('\n')
}

const [first = '', second = '', third = '', fourth = ''] = process.argv.slice(2)
if (first === 'worker') await watchAsHost(second, third, Number(fourth))
else {
  const scratch = mkdtempSync(join(tmpdir(), 'cloche-bench-'))
  const results = await benchProcesses(first, scratch)
  rmSync(scratch, { recursive: true, force: true })
  console.log(processTable(results))
  process.send?.(results)
}
