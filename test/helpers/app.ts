import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  _electron,
  type Browser,
  chromium,
  type ElectronApplication,
  type Page,
} from '@playwright/test'

export type ShellName = 'electron' | 'web'

const REPO = resolve(import.meta.dirname, '../..')
const isRoot = process.getuid?.() === 0

export interface AppOptions {
  readonly shell: ShellName
  /** Names mapped to servers of the test: `name` → `127.0.0.1:port`. */
  readonly hosts?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** Folders of an earlier app, to start again on. */
  readonly place?: AppPlace
}

/** Folders of one made-up person. */
export interface AppPlace {
  readonly root: string
  readonly home: string
  readonly workspace: string
  readonly dataDir: string
}

export interface App {
  readonly page: Page
  readonly place: AppPlace
  readonly electron: ElectronApplication | null
  /** The one-time link that opened the page; the browser shell's only. */
  readonly link: string | null
  /** pid of the process that runs the host. */
  hostPid(): Promise<number>
  /** Ends the app as a person does. */
  close(): Promise<void>
  /** Ends everything of it at once, as a power cut would. */
  kill(): Promise<void>
}

export async function makePlace(): Promise<AppPlace> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'cloche-app-')))
  const place = {
    root,
    home: join(root, 'home'),
    workspace: join(root, 'home', 'project'),
    dataDir: join(root, 'data'),
  }
  await mkdir(place.workspace, { recursive: true })
  return place
}

export const removePlace = (place: AppPlace): Promise<void> =>
  rm(place.root, { recursive: true, force: true })

export async function launchApp(options: AppOptions): Promise<App> {
  const place = options.place ?? (await makePlace())
  const env = environmentOf(place, options)
  return options.shell === 'electron' ? launchElectron(place, env) : launchWeb(place, env)
}

function environmentOf(place: AppPlace, options: AppOptions): Record<string, string> {
  return {
    ...(process.env as Record<string, string>),
    HOME: place.home,
    CLOCHE_DATA_DIR: place.dataDir,
    CLOCHE_NODE: process.execPath,
    CLOCHE_QUIT_WITHOUT_ASKING: '1',
    CLOCHE_TEST_HOSTS: Object.entries(options.hosts ?? {})
      .map(([name, address]) => `${name}=${address}`)
      .join(','),
    ...options.env,
  }
}

const electronBinary = (): string =>
  join(
    process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(REPO, 'node_modules/electron/dist'),
    'electron',
  )

/** Exit code of another start of Electron on the same folders, as a person's second click. */
export function startAgain(place: AppPlace): Promise<number | null> {
  const second = spawn(electronBinary(), [REPO, '--disable-gpu'], {
    env: environmentOf(place, { shell: 'electron' }),
    stdio: 'ignore',
  })
  return new Promise((done, fail) => {
    second.once('error', fail)
    second.once('exit', done)
  })
}

async function launchElectron(place: AppPlace, env: Record<string, string>): Promise<App> {
  const electron = await _electron.launch({
    executablePath: electronBinary(),
    args: [REPO, '--disable-gpu'],
    env,
    cwd: place.root,
    chromiumSandbox: true,
  })
  const page = await electron.firstWindow()
  const main = electron.process()
  const gone = new Promise<void>((done) => main.once('exit', () => done()))
  return {
    page,
    place,
    electron,
    link: null,
    hostPid: () => ownerOfLock(place),
    close: () => electron.close(),
    kill: async () => {
      main.kill('SIGKILL')
      await gone
    },
  }
}

async function launchWeb(place: AppPlace, env: Record<string, string>): Promise<App> {
  const server = fork(join(REPO, 'out/main/serve.mjs'), [], {
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const link = await firstLink(server)
  const browser: Browser = await chromium.launch({
    executablePath: process.env.CLOCHE_TEST_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      ...(isRoot ? ['--no-sandbox'] : []),
    ],
  })
  const page = await (
    await browser.newContext({ viewport: { width: 1440, height: 900 } })
  ).newPage()
  await page.goto(link)
  const gone = new Promise<void>((done) => server.once('exit', () => done()))
  return {
    page,
    place,
    electron: null,
    link,
    hostPid: () => Promise.resolve(server.pid ?? 0),
    close: async () => {
      await browser.close()
      server.kill('SIGTERM')
      await gone
    },
    kill: async () => {
      server.kill('SIGKILL')
      await gone
      await browser.close()
    },
  }
}

function firstLink(server: ChildProcess): Promise<string> {
  return new Promise((done, fail) => {
    server.once('message', (message) => done((message as { link: string }).link))
    server.once('exit', (code) => fail(new Error(`the browser shell ended with ${code}`)))
  })
}

async function ownerOfLock(place: AppPlace): Promise<number> {
  const lock = JSON.parse(await readFile(join(place.dataDir, 'instance.lock'), 'utf8')) as {
    pid: number
  }
  return lock.pid
}
