import { mkdir } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { runOutside, shell } from './outside.ts'
import type { Place } from './sandbox.ts'

/** What a person's machine offers to programs of the person. */
export interface Services {
  /** Sockets by path or abstract name, each with the number of connections that arrived. */
  readonly listeners: ReadonlyMap<string, { accepted: number }>
  /** Its agent runs. */
  readonly gnupgHome: string
  stop(): Promise<void>
}

export async function startServices(place: Place): Promise<Services> {
  const servers: Server[] = []
  const listeners = new Map<string, { accepted: number }>()
  for (const address of [...socketPaths(place), `\0cloche-service-${process.pid}`]) {
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
  const gnupgHome = join(place.home, '.gnupg')
  await mkdir(gnupgHome, { mode: 0o700 })
  await runOutside(shell(`gpg-agent --homedir '${gnupgHome}' --daemon >/dev/null 2>&1`))
  return {
    listeners,
    gnupgHome,
    stop: async () => {
      for (const server of servers) server.close()
      await runOutside(['gpgconf', '--homedir', gnupgHome, '--kill', 'gpg-agent'])
    },
  }
}

/** Where engines, desktops and name services put their sockets, below folders that are ours to fill. */
const socketPaths = ({ home, root }: Place): string[] => [
  join(home, '.docker', 'run', 'docker.sock'),
  ...['docker.sock', 'podman/podman.sock', 'wayland-0', 'pipewire-0'].map((name) =>
    join(root, 'run', name),
  ),
  join(root, 'run/systemd/resolve/io.systemd.Resolve'),
  ...['/tmp', '/var/tmp', '/dev/shm'].map((folder) =>
    join(folder, `cloche-service-${process.pid}`),
  ),
]
