// Bubblewrap alone with the arguments that Cloche starts it with: what of a start is the boundary
// itself. Without what only a host can give it: the filter, the wait for its user table, the gateway,
// limits and the probe.
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Connection } from '../src/shared/rpc/client.ts'
import { sandboxSpec } from './cloche-session.ts'

/** Options with a descriptor that nobody is at the other end of. */
const OF_A_HOST = ['--userns-block-fd', '--info-fd', '--seccomp']
/** Stand-ins that are files; all others are folders. */
const IS_FILE = /^\.(\w*rc|\w*profile|zshenv|mcp\.json|git\w+)$/

export interface OwnArguments {
  /** Of its own, with a stand-in for each path that Cloche would make one for. */
  readonly workspace: string
  run(command: readonly string[]): Promise<void>
}

/** `workspace`: the one that is asked about; another, beside it, is used. */
export async function ownArguments(
  connection: Connection,
  workspace: string,
): Promise<OwnArguments> {
  const asked = await connection.api.session.preview(
    sandboxSpec({ workspace, level: 'os' }, ['/bin/true']),
  )
  if (!asked.ok) throw new Error(JSON.stringify(asked.error))
  const own = `${workspace}-beside`
  mkdirSync(own)
  const words: string[] = []
  /** What is copied in, by descriptor. */
  const copied = new Map<number, string>()
  const given = asked.value.command.slice(1, asked.value.command.lastIndexOf('--'))
  for (let at = 0; at < given.length; at++) {
    const word = given[at]!
    if (OF_A_HOST.includes(word)) at++
    else {
      if (word === '--file') copied.set(Number(given[at + 1]), given[at + 2]!)
      words.push(word.startsWith(workspace) ? own + word.slice(workspace.length) : word)
    }
  }
  for (const path of words.filter((word) => word.startsWith(`${own}/`)))
    if (IS_FILE.test(basename(path))) writeFileSync(path, '')
    else mkdirSync(path, { recursive: true })
  return {
    workspace: own,
    run: (command) => runWith(words, copied, command),
  }
}

function runWith(
  words: readonly string[],
  copied: ReadonlyMap<number, string>,
  command: readonly string[],
): Promise<void> {
  const stdio: ('ignore' | 'pipe' | number)[] = ['ignore', 'ignore', 'pipe']
  for (let fd = stdio.length; fd <= Math.max(...copied.keys()); fd++)
    stdio[fd] = copied.has(fd) ? openSync(join('/', copied.get(fd)!), 'r') : 'ignore'
  return new Promise((resolve, reject) => {
    const child = spawn('/usr/bin/bwrap', [...words, '--', ...command], { stdio, env: {} })
    for (const fd of stdio) if (typeof fd === 'number') closeSync(fd)
    let said = ''
    child.stderr?.on('data', (part) => (said += String(part)))
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(said))))
  })
}
