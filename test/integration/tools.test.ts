import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, normalize } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest'
import { NARROW_ANSWER } from '../../src/shared/domain/policy.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, pendingPrompts, startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'
import { makeCertificate } from './certificate.ts'
import { listen, portOf } from './egress-harness.ts'

// The programs that agents start all day, as they are, in a real session: each is held, named, let
// through and refused. What they talk to are servers of this test with hosts of their own.

const test = requireCapability('bubblewrap', 'direct connections', 'git', 'pip', 'npm', 'ssh', 'nc')
const run = promisify(execFile)

const PLAIN = 'registry.example.test'
const SECURE = 'secure.example.test'
const SHELL = 'ssh.example.test'

let site: string
let certificate: { key: string; cert: string }
let servers: Server[]
/** `HOST PATH`, and what SSH clients said. */
let seen: string[]

const serveSite: RequestListener = (request, response) => void answer(request, response)

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = normalize(decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/'))
  seen.push(`${request.headers.host} ${path}`)
  const file = join(site, path)
  const info = await stat(file).catch(() => null)
  if (!info) return void response.writeHead(404).end()
  if (info.isDirectory()) response.setHeader('Content-Type', 'text/html')
  response.end(await readFile(info.isDirectory() ? join(file, 'index.html') : file))
}

/** One package for npm, one for pip, one repository. */
async function makeSite(): Promise<void> {
  site = await mkdtemp(join(tmpdir(), 'cloche-site-'))
  await mkdir(join(site, 'package'))
  const tiny = { name: 'tiny', version: '1.0.0' }
  await writeFile(join(site, 'package/package.json'), JSON.stringify(tiny))
  await run('tar', ['-czf', join(site, 'tiny.tgz'), '-C', site, 'package'])
  const dist = { tarball: `http://${PLAIN}/tiny.tgz` }
  const versions = { '1.0.0': { ...tiny, dist } }
  const tags = { latest: '1.0.0' }
  await writeFile(join(site, 'tiny'), JSON.stringify({ name: 'tiny', 'dist-tags': tags, versions }))

  const wheel = 'tinypy-1.0-py3-none-any.whl'
  const info = 'tinypy-1.0.dist-info'
  const script = `
import zipfile, sys
with zipfile.ZipFile(sys.argv[1], 'w') as z:
    z.writestr('tinypy.py', 'answer = 42')
    z.writestr('${info}/METADATA', 'Metadata-Version: 2.1\\nName: tinypy\\nVersion: 1.0\\n')
    z.writestr('${info}/WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    z.writestr('${info}/RECORD', '')
`
  await run('/usr/bin/python3', ['-c', script, join(site, wheel)])
  await mkdir(join(site, 'simple/tinypy'), { recursive: true })
  await writeFile(join(site, 'simple/tinypy/index.html'), `<a href="/${wheel}">${wheel}</a>`)

  const repo = join(site, 'repo.git')
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.test', ...args])
  const work = join(site, 'work')
  await git('init', '-q', '-b', 'main', work)
  await writeFile(join(work, 'file'), 'from the repository')
  await git('-C', work, 'add', '.')
  await git('-C', work, 'commit', '-qm', 'one')
  await git('clone', '-q', '--bare', work, repo)
  await git('-C', repo, 'update-server-info')
}

beforeAll(async () => {
  await makeSite()
  certificate = await makeCertificate(SECURE)
})
afterAll(() => rm(site, { recursive: true }))

let host: TestHost
let connection: Connection
beforeEach(async () => {
  seen = []
  const plain = await listen(createHttpServer(serveSite))
  const secure = await listen(createHttpsServer(certificate, serveSite))
  const shell = await listen(
    createServer((socket) => {
      socket.write('SSH-2.0-Test_1.0\r\n')
      socket.on('error', () => undefined)
      socket.once('data', (bytes: Buffer) => {
        seen.push(`${SHELL} ${bytes.toString('latin1').split('\r\n')[0]}`)
        socket.destroy()
      })
    }),
  )
  servers = [plain, secure, shell]
  const [a, b, c] = servers.map((server) => `127.0.0.1:${portOf(server)}`)
  host = await startTestHost({ hosts: { [PLAIN]: a ?? '', [SECURE]: b ?? '', [SHELL]: c ?? '' } })
  connection = await host.connect()
  await writeFile(join(host.workspace, 'ca.pem'), certificate.cert)
})
afterEach(async () => {
  await host.dispose()
  for (const server of servers) server.close()
  await Promise.all(servers.map((server) => once(server, 'close').catch(() => undefined)))
})

const NC = 'nc -X 5 -x 127.0.0.1:3128 %h %p'
interface Tool {
  readonly what: string
  readonly command: string
  readonly host: string
  /** Of the process that asks, or of one it came from. */
  readonly asks: string
  /** What the server saw last. */
  readonly sees: RegExp
  /** What the program shows of a success. */
  readonly shows: RegExp
}

const TOOLS: readonly Tool[] = [
  {
    what: 'curl over http',
    command: `curl -sS http://${PLAIN}/tiny`,
    ...{ host: PLAIN, asks: 'curl', sees: /\/tiny$/, shows: /dist-tags/ },
  },
  {
    what: 'curl over https',
    command: `curl -sS --cacert ca.pem https://${SECURE}/tiny`,
    ...{ host: SECURE, asks: 'curl', sees: /\/tiny$/, shows: /dist-tags/ },
  },
  {
    what: 'curl by SOCKS5',
    command: `curl -sS --cacert ca.pem -x socks5h://127.0.0.1:3128 https://${SECURE}/tiny`,
    ...{ host: SECURE, asks: 'curl', sees: /\/tiny$/, shows: /dist-tags/ },
  },
  {
    what: 'git over https',
    command: `GIT_SSL_CAINFO=$PWD/ca.pem git clone https://${SECURE}/repo.git clone && cat clone/file`,
    ...{ host: SECURE, asks: 'git', sees: /repo\.git\/objects/, shows: /from the repository/ },
  },
  {
    what: 'npm',
    command: `npm install --no-audit --no-fund --registry http://${PLAIN}/ tiny && ls node_modules`,
    ...{ host: PLAIN, asks: 'npm', sees: /\/tiny\.tgz$/, shows: /^tiny/m },
  },
  {
    what: 'pip',
    command: `/usr/bin/python3 -m pip install --no-cache-dir --disable-pip-version-check --retries 0 -t lib -i http://${PLAIN}/simple/ --trusted-host ${PLAIN} tinypy && ls lib`,
    ...{ host: PLAIN, asks: 'python3', sees: /\.whl$/, shows: /^tinypy\.py/m },
  },
  {
    what: 'fetch of Node, without a proxy',
    command: `NODE_EXTRA_CA_CERTS=ca.pem NODE_USE_ENV_PROXY= node -e "fetch('https://${SECURE}/tiny').then(r => r.text()).then(console.log, e => { console.log(e.cause); process.exit(1) })"`,
    ...{ host: SECURE, asks: 'node', sees: /\/tiny$/, shows: /dist-tags/ },
  },
  {
    what: 'a program that knows no proxy',
    command: `/usr/bin/python3 -c "import socket; s = socket.create_connection(('${SHELL}', 22)); print(s.recv(99)); s.sendall(b'plain\\r\\n'); print(s.recv(9))"`,
    ...{ host: SHELL, asks: 'python3', sees: /plain$/, shows: /SSH-2\.0-Test/ },
  },
  {
    what: 'ssh by SOCKS5',
    command: `timeout 3 ssh -v -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o ProxyCommand='${NC}' me@${SHELL} || true`,
    ...{ host: SHELL, asks: 'ssh', sees: /SSH-2\.0-OpenSSH/, shows: /Test_1\.0/ },
  },
]

/** Starts it, and waits for its question. */
async function start({ command }: Tool) {
  const pending = pendingPrompts(connection)
  const path = join(host.workspace, 'script.sh')
  await writeFile(path, `{ ${command}; } >out 2>&1; echo "exit $?" >>out`)
  const created = await connection.api.session.create(
    shellSpec(host.workspace, `/bin/bash ${path}`),
  )
  if (!created.ok) throw failure(created.error)
  const session = follow(connection, created.value.id)
  await expect.poll(() => pending.list.length).toBe(1)
  const answer = (action: 'allow' | 'deny') =>
    connection.api.prompt.answer({
      promptId: pending.list[0]!.id,
      ...{ action, lifetime: 'session' },
      ...NARROW_ANSWER,
    })
  const ended = () => expect.poll(() => session.state().session?.status).toBe('ended')
  const out = () => readFile(join(host.workspace, 'out'), 'utf8')
  return { asked: pending.list[0]!, answer, ended, out }
}

// Not run for machines: minutes on an emulated processor, and the way out is that of test/enforcement/direct.test.ts.
describe.each(TOOLS)('$what', (tool) => {
  test('is held and named, and works once it is let through', async () => {
    const { asked, answer, ended, out } = await start(tool)
    expect(asked.destination.host).toBe(tool.host)
    const names = [asked.requester?.process, ...(asked.requester?.ancestors ?? [])].map(
      (process) => `${process?.name} ${process?.argv.join(' ')}`,
    )
    expect(names.filter((name) => name.includes(tool.asks))).not.toEqual([])
    expect(seen).toEqual([])
    await answer('allow')
    await ended()
    expect(await out()).toMatch(tool.shows)
    expect(seen.at(-1)).toMatch(tool.sees)
  })

  test('fails when it is refused, and nothing arrives', async () => {
    const { answer, ended, out } = await start(tool)
    await answer('deny')
    await ended()
    expect(await out()).not.toMatch(tool.shows)
    expect(seen).toEqual([])
  })
})
