import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Keyring {
  /** What an application needs to find it. */
  readonly env: Readonly<Record<string, string>>
  end(): Promise<void>
}

/**
 * A desktop's keyring of its own, unlocked: GNOME's real one, on a session bus that nobody else has.
 * Its files are gone at the end.
 */
export async function startKeyring(): Promise<Keyring> {
  // The path of a socket may have some 100 characters, so not below a long folder of the test.
  const folder = await mkdtemp(join(tmpdir(), 'keys-'))
  const env = {
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(folder, 'bus')}`,
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_RUNTIME_DIR: join(folder, 'run'),
    XDG_CURRENT_DESKTOP: 'GNOME',
  }
  await mkdir(env.XDG_DATA_HOME)
  await mkdir(env.XDG_RUNTIME_DIR, { mode: 0o700 })
  const config = join(folder, 'bus.conf')
  await writeFile(config, busConfig(env.DBUS_SESSION_BUS_ADDRESS))
  const bus = spawn('dbus-daemon', ['--nofork', '--print-address', `--config-file=${config}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...env },
  })
  await once(bus.stdout, 'data')
  const daemon = spawn(
    'gnome-keyring-daemon',
    ['--foreground', '--unlock', '--components=secrets'],
    { stdio: ['pipe', 'ignore', 'ignore'], env: { ...process.env, ...env, HOME: folder } },
  )
  daemon.stdin.end('a password of the test')
  while (!isThere(env)) await sleep(50)
  return {
    env,
    end: async () => {
      for (const child of [daemon, bus]) await gone(child)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** It starts no service by itself, as a desktop's would. */
const busConfig = (address: string): string => `<busconfig>
<type>session</type><listen>${address}</listen><auth>EXTERNAL</auth>
<policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy>
</busconfig>`

/** Whether the bus has somebody who keeps secrets. */
const isThere = (env: Readonly<Record<string, string>>): boolean =>
  spawnSync(
    'dbus-send',
    [
      ...['--session', '--print-reply', '--dest=org.freedesktop.DBus', '/'],
      ...['org.freedesktop.DBus.NameHasOwner', 'string:org.freedesktop.secrets'],
    ],
    { encoding: 'utf8', env: { ...process.env, ...env } },
  ).stdout.includes('boolean true')

async function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}
