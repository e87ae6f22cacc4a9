import { execFile, spawn as spawnChild, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { spawn as spawnPty } from 'node-pty'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { blocksIn } from '../../src/shared/recording/offline-page.ts'

const PROGRAM = resolve(import.meta.dirname, '../../out/main/cloche.mjs')
const SERVE = resolve(import.meta.dirname, '../../out/main/serve.mjs')

let root: string
let workspace: string
let env: Record<string, string>
let server: Server
let served: string[]
let cloche: ChildProcess | null

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cloche-cli-')))
  workspace = join(root, 'home/project')
  await mkdir(workspace, { recursive: true })
  served = []
  server = createServer((request, response) => {
    served.push(request.headers.host ?? '')
    response.end('it answers\n')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  env = {
    ...(process.env as Record<string, string>),
    HOME: join(root, 'home'),
    CLOCHE_DATA_DIR: join(root, 'data'),
    CLOCHE_TEST_HOSTS: `api.example.test=127.0.0.1:${port}`,
  }
  cloche = null
})
afterEach(async () => {
  if (cloche) {
    const ended = new Promise((done) => cloche?.once('exit', done))
    cloche.kill('SIGTERM')
    await ended
  }
  server.close()
  await rm(root, { recursive: true, force: true, maxRetries: 5 })
})

interface Done {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** As a script runs it: its input is at an end. */
const run = (...args: string[]): Promise<Done> =>
  new Promise((done) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, ...args],
      { cwd: workspace, env, timeout: 40_000 },
      (error, out, err) =>
        done({ code: error ? (typeof error.code === 'number' ? error.code : -1) : 0, out, err }),
    )
    child.stdin?.end()
  })

/** The Cloche that a person has open. */
async function serve(): Promise<void> {
  cloche = spawnChild(process.execPath, [SERVE], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((done) =>
    cloche?.stdout?.on('data', (text: Buffer) => {
      if (text.toString().includes('ready')) done()
    }),
  )
}

/** In a terminal, typed to. */
function inTerminal(...args: string[]) {
  const pty = spawnPty(process.execPath, [PROGRAM, ...args], {
    ...{ cols: 100, rows: 30, cwd: workspace, env, name: 'xterm-256color' },
  })
  let text = ''
  pty.onData((data) => {
    text += data
  })
  const exited = new Promise<number>((done) => pty.onExit(({ exitCode }) => done(exitCode)))
  return { pty, exited, text: () => text }
}

describe('without a Cloche that runs', () => {
  test('a program runs behind the boundary, and the command ends as it does', async () => {
    const { code, out } = await run('run', '--', 'sh', '-c', `echo "it's inside"; ls /home; exit 7`)
    expect([code, out.split('\n')[0]]).toEqual([7, "it's inside"])
    expect(out).toContain("cannot access '/home'")
    expect((await run('ps')).code).toBe(3)
  })

  test('what is asked is asked in the terminal, over the program, and then it goes on', async () => {
    const { pty, exited, text } = inTerminal(
      ...['run', '--', 'sh', '-c', 'echo before; curl -sS http://api.example.test/; echo after'],
    )
    // What is typed as it appears was meant for the program.
    let isEarly = true
    pty.onData(() => {
      if (!text().includes('Cloche asks')) return
      if (isEarly) pty.write('o')
      isEarly = false
    })
    await expect.poll(text).toContain('deny for this session')
    expect(text()).toContain('api.example.test:80')
    expect(text()).toMatch(/curl -sS/)
    expect(served).toEqual([])
    await new Promise((done) => setTimeout(done, 700))
    expect(served).toEqual([])
    pty.write('o')
    expect(await exited).toBe(0)
    expect(served).toEqual(['api.example.test'])
    expect(text()).toContain('it answers')
    expect(text()).toContain('after')
  })

  test('a closed network asks nobody', async () => {
    const { out } = await run(
      ...['run', '--network', 'closed', '--allow', 'api.example.test', '--'],
      ...['curl', '-sS', 'http://api.example.test/'],
    )
    expect(out).toContain('the network of this session is closed')
    expect(served).toEqual([])
  })

  test('a profile is applied in full, and one that is wrong is named with its line', async () => {
    const profile = join(root, 'profile.jsonc')
    await writeFile(profile, '{ "network": "listed", "allow": ["api.example.test"] }')
    const done = await run(
      'run',
      '--profile',
      profile,
      '--',
      'curl',
      '-sS',
      'http://api.example.test/',
    )
    expect(done.out).toBe('it answers\n')
    const named = join(root, 'data/profiles/Mine.jsonc')
    await mkdir(join(root, 'data/profiles'), { recursive: true })
    await writeFile(named, '{ "network": "closed" }')
    const closed = await run(
      'run',
      '--profile',
      'Mine',
      '--',
      'curl',
      '-sS',
      'http://api.example.test/',
    )
    expect(closed.out).toContain('the network of this session is closed')
    await writeFile(profile, '{\n "alow": []\n}')
    expect(await run('run', '--profile', profile, '--', 'true')).toMatchObject({
      code: 2,
      err: 'cloche: profile.jsonc, line 2, alow, there is no such key.\n',
    })
  })

  test.each([
    [[], 2, ''],
    [['fly'], 2, 'There is no command fly.'],
    [['run'], 2, 'Say what to run, after two dashes'],
    [['run', '--level', 'moon', '--', 'true'], 2, '--level takes os, container, vm or unconfined'],
    [['run', '--learn', '--level', 'unconfined', '--', 'true'], 2, '--learn needs to see calls'],
    [['run', '--alow', 'x', '--', 'true'], 2, "Unknown option '--alow'"],
    [['run', '--allow', 'http://x', '--', 'true'], 2, '--allow takes a host such as'],
    [['run', '--', 'no-such-program'], 4, 'there is no program "no-such-program"'],
    [['run', '--level', 'unconfined', '--', 'true'], 4, 'acknowledgement required'],
    [['attach'], 3, 'Cloche does not run.'],
    [['policy', 'check'], 2, 'The file .cloche/policy.jsonc cannot be read.'],
    [['completions', 'tcsh'], 2, 'Say the shell'],
  ])(
    'what is not understood or refused is said, with a status of its own: %j',
    async (args, code, words) => {
      const done = await run(...args)
      expect([done.code, done.err.includes(words)], done.err).toEqual([code, true])
    },
  )

  test('help, completions and the manual come from one table', async () => {
    const help = (await run('--help')).out
    const manual = (await run('man')).out
    const completions = (await run('completions', 'bash')).out
    for (const name of ['run', 'attach', 'allow', 'export', 'doctor']) {
      expect(help).toContain(`  ${name} `)
      expect(manual).toContain(`cloche ${name}`)
      expect(completions).toContain(name)
    }
    await writeFile(join(root, 'completions'), completions)
    const done = await new Promise<string>((resolveWords) =>
      execFile(
        'bash',
        [
          '-c',
          `. ${join(root, 'completions')}; COMP_WORDS=(cloche run --le); COMP_CWORD=2; _cloche; echo "$COMPREPLY"`,
        ],
        (_error, out) => resolveWords(out),
      ),
    )
    expect(done).toBe('--level\n')
  })
})

describe('with a Cloche that runs', () => {
  beforeEach(serve)
  const BUSY = [
    'run',
    '--detach',
    '--',
    'sh',
    '-c',
    'while read -r line; do echo "got $line"; done',
  ]

  test('its socket is the person’s alone, and gone with it', async () => {
    const place = join(root, 'data/host.sock')
    const info = await stat(place)
    expect([info.isSocket(), info.mode & 0o777]).toEqual([true, 0o600])
    const { out } = await run('run', '--', 'sh', '-c', `ls ${root}/data 2>&1; true`)
    expect(out).toContain('No such file')
  })

  test('sessions are listed, joined, left and stopped; the last words are not lost', async () => {
    const id = (await run(...BUSY)).out.trim()
    expect(id).toMatch(/^ses_[0-9a-f]{16}$/)
    const listed = (await run('ps')).out.split('\n')
    expect(listed[1]).toMatch(new RegExp(`^${id}  running  os     4/4 `))
    expect(JSON.parse((await run('ps', '--json')).out)[0].id).toBe(id)

    const first = inTerminal('attach', id.slice(4, 10))
    first.pty.write('one\r')
    await expect.poll(first.text).toContain('got one')
    first.pty.write('\x1d')
    expect(await first.exited).toBe(0)
    expect(first.text()).toContain(`cloche attach ${id}`)
    const again = inTerminal('attach')
    await expect.poll(again.text).toContain('got one')
    again.pty.write('two\r\x04')
    expect(await again.exited).toBe(0)
    expect(again.text()).toContain('got two')

    expect((await run('ps', '--all')).out).toContain('ended')
    const cast = (await run('export', id)).out.split('\n')
    expect(JSON.parse(cast[0] ?? '')).toMatchObject({ version: 3 })
    expect(cast.join('')).toContain('got two')
    expect((await run('export', '--format', 'jsonl', id)).out).toContain('"session/ended"')
    const page = join(root, 'recording.html')
    expect(await run('export', '--format', 'html', '--output', page, id)).toMatchObject({ code: 0 })
    expect(blocksIn(await readFile(page, 'utf8')).map(({ kind }) => kind)).toEqual([
      ...['events', 'terminal', 'tail'],
    ])
    expect(await run('export', '--output', page, id)).toMatchObject({ code: 2, out: '' })
    expect((await run('replay', '--speed', '16', id)).out).toContain('got one')
    expect(await run('attach', id)).toMatchObject({ code: 2 })
  })

  test('a shell of the person’s is opened in a session, ends as it ends, and is closed when left', async () => {
    const id = (await run(...BUSY)).out.trim()
    const first = inTerminal('terminal', id)
    first.pty.write('echo "in $CLOCHE by hand"; exit 7\r')
    expect(await first.exited).toBe(7)
    expect(first.text()).toContain('in 1 by hand')
    const second = inTerminal('terminal')
    second.pty.write('sleep 326 & echo "it is $!."\r')
    await expect.poll(second.text).toMatch(/it is \d+\./)
    second.pty.write('\x1d')
    expect(await second.exited).toBe(0)
    expect(second.text()).not.toContain('cloche attach')
    // The session goes on, and its own terminal saw nothing of it.
    const own = inTerminal('attach', id)
    own.pty.write('still\r')
    await expect.poll(own.text).toContain('got still')
    expect(own.text()).not.toContain('by hand')
    own.pty.write('\x1d')
    await own.exited
    expect((await run('stop', id)).out).toContain(`Stopped ${id}`)
    expect(await run('terminal', id)).toMatchObject({ code: 2 })

    // A cast holds one of them, and says which it does not.
    const agents = await run('export', id)
    expect(agents.out).toContain('got still')
    expect(agents.out).not.toContain('by hand')
    expect(agents.err).toContain('Not in this one: 1, 2.')
    const firsts = await run('export', '--terminal', '1', id)
    expect(firsts.out).toContain('in 1 by hand')
    expect(firsts.out).not.toContain('got still')
    expect(firsts.err).toContain('Not in this one: agent, 2.')
    const none = await run('export', '--terminal', '9', id)
    expect(none).toMatchObject({ code: 2, out: '' })
    expect(none.err).toContain('--terminal takes agent, 1, 2.')
  })

  test('rules are made, listed and taken back', async () => {
    const [rule = ''] = (await run('allow', '--minutes', '5', 'api.example.test:80')).out.split(' ')
    expect((await run('grants')).out).toContain('api.example.test  80')
    const done = await run('run', '--', 'curl', '-sS', 'http://api.example.test/')
    expect(done.out).toBe('it answers\n')
    expect((await run('revoke', rule)).code).toBe(0)
    expect((await run('grants')).out).not.toContain('api.example.test')
    expect((await run('deny', 'api.example.test')).code).toBe(0)
    const refused = await run('run', '--', 'curl', '-sS', 'http://api.example.test/')
    expect(refused.out).toMatch(/Cloche refused|denied/i)
    expect((await run('allow', 'http://x')).err).toContain('No rule was made')
  })

  test('what a session changed in its copy is shown, applied by name, and discarded', async () => {
    await writeFile(join(workspace, 'app.txt'), 'one\n')
    const script =
      'echo two >app.txt; printf "\\033[2Jx\\n" >new.txt; mkdir -p sub/.vscode; echo x >sub/.vscode/t'
    const done = await run('run', '--review', '--', 'sh', '-c', script)
    expect(done.err).toMatch(/3 changes wait in the copy: cloche review ses_/)
    const { out } = await run('review')
    expect(out).toMatch(/changed +app\.txt/)
    expect(out).toMatch(/added +sub\/\.vscode\/t +programs outside obey it/)
    const diff = await run('review', '--diff')
    expect(diff.out).toMatch(/-one\n\+two/)
    // No file of an agent's clears the person's screen.
    expect(diff.out).not.toContain('\u001b')
    const all = JSON.parse((await run('review', '--json')).out)
    expect(all.changes).toHaveLength(3)
    const applied = await run('review', all.session, '--apply', '--json')
    expect(JSON.parse(applied.out)).toMatchObject({ applied: ['app.txt', 'new.txt'], left: 1 })
    expect(await readFile(join(workspace, 'app.txt'), 'utf8')).toBe('two\n')
    await expect(stat(join(workspace, 'sub'))).rejects.toThrow()
    expect((await run('review', '--discard')).code).toBe(0)
  })

  test('doctor says what can be enforced, for people and for programs', async () => {
    expect((await run('doctor')).out).toMatch(/^OS sandbox \(bubblewrap\): usable\./)
    expect(JSON.parse((await run('doctor', '--json')).out)[0]).toMatchObject({ status: 'usable' })
  })
})
