import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { expect, vi } from 'vitest'
import { runOutside, shell } from './outside.ts'
import type { Place } from './sandbox.ts'

/** Services of a person's machine, the real programs where Debian has them, on paths of their own. */
export interface Services {
  /** Sockets by path or abstract name, each with the number of connections that arrived. */
  readonly listeners: ReadonlyMap<string, { accepted: number }>
  readonly sshAgent: string
  readonly gnupgHome: string
  readonly bus: string
  readonly display: number
  stop(): Promise<void>
}

export async function startServices(place: Place): Promise<Services> {
  const children: ChildProcess[] = []
  const servers: Server[] = []
  const listeners = new Map<string, { accepted: number }>()

  const listen = async (address: string): Promise<void> => {
    const seen = { accepted: 0 }
    listeners.set(address, seen)
    if (!address.startsWith('\0')) await mkdir(dirname(address), { recursive: true })
    const server = createServer((socket) => {
      seen.accepted++
      socket.on('error', () => undefined)
      socket.end('HTTP/1.0 200 OK\r\n\r\n{"Version":"the machine’s own"}')
    })
    servers.push(server)
    await new Promise<void>((done) => server.listen(address, done))
  }
  /** Starts a program that stays, and waits for what it says when it is ready. */
  const start = async (argv: readonly string[], ready: RegExp): Promise<string> => {
    const child = spawn(argv[0]!, argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
    children.push(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr, child.stdio[3]])
      stream?.on('data', (data: Buffer) => {
        output += data.toString()
      })
    await vi.waitFor(() => expect(output).toMatch(ready), { timeout: 10_000 })
    return ready.exec(output)![1]!
  }

  const { home, root } = place
  for (const path of socketPaths(place)) await listen(path)
  await listen(`\0cloche-service-${process.pid}`)

  const sshAgent = join(root, 'run', 'ssh-agent')
  await start(['ssh-agent', '-D', '-a', sshAgent], /SSH_AUTH_SOCK=(\S+);/)
  const key = join(root, 'a-key')
  await runOutside(
    shell(`ssh-keygen -q -t ed25519 -N '' -C cloche-key -f '${key}' && ssh-add '${key}'`),
    {
      env: { SSH_AUTH_SOCK: sshAgent },
    },
  )

  const gnupgHome = join(home, '.gnupg')
  await mkdir(gnupgHome, { mode: 0o700 })
  await start(
    [
      'gpg-agent',
      '--homedir',
      gnupgHome,
      '--daemon',
      '--',
      'sh',
      '-c',
      'echo ready now; exec sleep 600',
    ],
    /ready (now)/,
  )
  const bus = await start(
    ['dbus-daemon', '--session', '--nofork', '--print-address', `--address=unix:dir=${root}/run`],
    /(unix:\S+)/,
  )
  const display = await start(
    ['Xvfb', '-displayfd', '3', '-nolisten', 'tcp', '-ac', '-screen', '0', '64x64x24'],
    /^(\d+)$/m,
  )
  return {
    listeners,
    sshAgent,
    gnupgHome,
    bus,
    display: Number(display),
    stop: async () => {
      for (const server of servers) server.close()
      await runOutside(['gpgconf', '--homedir', gnupgHome, '--kill', 'gpg-agent'])
      const ended = children.map((child) => new Promise((done) => child.once('exit', done)))
      for (const child of children) child.kill('SIGTERM')
      await Promise.all(ended)
    },
  }
}

/** Where engines, editors and desktops put their sockets, below folders that are ours to fill. */
const socketPaths = ({ home, root }: Place): string[] => [
  join(home, '.docker', 'run', 'docker.sock'),
  join(root, 'run', 'docker.sock'),
  join(root, 'run', 'podman', 'podman.sock'),
  join(root, 'run', 'wayland-0'),
  join(root, 'run', 'pipewire-0'),
  join(root, 'run', 'systemd', 'resolve', 'io.systemd.Resolve'),
  join('/tmp', `cloche-service-${process.pid}`),
  join('/var/tmp', `cloche-service-${process.pid}`),
  join('/dev/shm', `cloche-service-${process.pid}`),
]
