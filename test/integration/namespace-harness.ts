import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasEnded, splitStat } from '../../src/main/core/proc-stat.ts'
import { until } from './egress-harness.ts'

/** User, network, pid and mount namespaces with a shell as their first process. */
export interface TestNamespace {
  /** Pid of that shell, as this machine sees it. */
  readonly rootPid: number
  /** Runs a command line in the shell, one at a time; its output, both streams, and exit code. */
  run(command: string): Promise<{ readonly out: string; readonly code: number }>
  /** A listener on 127.0.0.1:`port` inside, whose connections this process accepts. */
  listen(port: number): Promise<Server>
  end(): Promise<void>
}

const UNSHARE = [
  '--user',
  '--map-root-user',
  '--net',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
]

const LISTENER = `
  const server = require('net').createServer()
  server.listen(Number(process.argv[1]), '127.0.0.1', () => {
    process.send('listening', server, () => process.exit())
  })`

export async function startNamespace(): Promise<TestNamespace> {
  const child = spawn('unshare', [...UNSHARE, 'sh'], { stdio: ['pipe', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  let count = 0
  const run: TestNamespace['run'] = async (command) => {
    const mark = `@@end-${++count}:`
    out = ''
    child.stdin.write(`{ ${command}\n} 2>&1 </dev/null; echo "${mark}$?@@"\n`)
    await until(() => out.includes(mark) && out.endsWith('@@\n'), command, 30_000)
    const [text = '', code] = out.split(mark)
    return { out: text, code: Number.parseInt(code ?? '', 10) }
  }
  const up = await run('ip link set lo up')
  if (up.code !== 0) throw new Error(`no network namespace could be made: ${up.out}`)
  const rootPid = await onlyChild(child)
  return {
    rootPid,
    run,
    listen: async (port) => {
      const enter = ['-t', String(rootPid), '-U', '-n', '--preserve-credentials']
      const helper = spawn('nsenter', [...enter, process.execPath, '-e', LISTENER, String(port)], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
      const [, server] = (await once(helper, 'message')) as [unknown, Server]
      await once(helper, 'exit')
      return server
    },
    end: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
      // The kernel ends the namespace's first process last, a moment after its starter is gone.
      while (await isAlive(rootPid)) await sleep(5)
    },
  }
}

async function isAlive(pid: number): Promise<boolean> {
  const line = splitStat(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))
  return line !== null && !hasEnded(line)
}

async function onlyChild({ pid }: ChildProcess): Promise<number> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return Number.parseInt(text, 10)
}
