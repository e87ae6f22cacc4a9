import { execFileSync } from 'node:child_process'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, vi } from 'vitest'
import { diagnoseBubblewrap } from '../../src/main/backends/diagnose-bubblewrap.ts'
import { runOutside, shell } from '../helpers/outside.ts'
import { LEVEL } from '../helpers/level.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { makePlace, type Place, runInside, whileInside } from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'gcc')
const SECRET = 'sk-what-the-machine-holds'

let place: Place
beforeEach(async () => {
  place = await makePlace()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await place.dispose()
})

/** What a person's shell may hold: keys, ways to services, ways to make programs load code. */
const HELD = [
  ...['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'AWS_SECRET_ACCESS_KEY', 'GH_TOKEN', 'PGPASSWORD'],
  ...['SSH_AUTH_SOCK', 'GPG_AGENT_INFO', 'DBUS_SESSION_BUS_ADDRESS', 'DOCKER_HOST', 'KUBECONFIG'],
  ...['DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY', 'XDG_RUNTIME_DIR', 'CLOCHE_CANARY'],
  ...['ENV', 'PYTHONSTARTUP', 'PYTHONPATH', 'PERL5OPT', 'RUBYOPT', 'JAVA_TOOL_OPTIONS'],
  ...['GIT_SSH_COMMAND', 'GIT_DIR', 'ELECTRON_RUN_AS_NODE', 'NODE_PATH', 'LD_AUDIT', 'EDITOR'],
]

describe('a variable of the machine', () => {
  test('is in no environment and on no command line that can be seen inside', async () => {
    const all = shell(
      'sleep 1 & cat /proc/*/environ /proc/*/cmdline | tr "\\0" "\\n"; echo; env; echo end',
    )
    const given = Object.fromEntries(HELD.map((name) => [name, `/${SECRET}`]))
    expect(await runOutside(shell('env'), { env: given })).toContain(`GH_TOKEN=/${SECRET}`)
    // What this process itself finds its engine by stays.
    const kept = LEVEL === 'container' ? ['DOCKER_HOST'] : []
    for (const [name, value] of Object.entries(given))
      if (!kept.includes(name)) vi.stubEnv(name, value)
    const { output } = await runInside(place, all)
    expect(output).toMatch(/^HOME=/m)
    expect(output).toContain('end')
    expect(output).not.toContain(SECRET)
    expect(output).not.toMatch(new RegExp(`^(${HELD.join('|')})=`, 'm'))
  })

  test('makes no helper of a start or of a diagnosis load code', async () => {
    const mark = join(place.root, 'loaded')
    const library = join(place.root, 'preload.so')
    const source = resolve(import.meta.dirname, '../fixtures/preload.c')
    execFileSync('gcc', ['-shared', '-fPIC', `-DMARK="${mark}"`, '-o', library, source])
    const script = join(place.root, 'start')
    await writeFile(script, `echo loaded >>'${mark}'\n`)
    const required = join(place.root, 'required.cjs')
    await writeFile(required, `require('node:fs').appendFileSync('${mark}', 'loaded\\n')\n`)
    const poison = {
      LD_PRELOAD: library,
      BASH_ENV: script,
      NODE_OPTIONS: `--require ${required}`,
    }
    for (const [name, value] of Object.entries(poison)) {
      const programs = shell(`bash -c :; '${process.execPath}' -e 0`)
      await runOutside(programs, { env: { [name]: value } })
      expect(await readdir(place.root), name).toContain('loaded')
      await rm(mark)
    }
    for (const [name, value] of Object.entries(poison)) vi.stubEnv(name, value)
    expect((await runInside(place, ['/bin/bash', '-c', 'echo ran'])).output).toContain('ran')
    expect((await diagnoseBubblewrap()).status).toBe('usable')
    expect(await readdir(place.root)).not.toContain('loaded')
  })

  test('is in no environment of a process that belongs to the sandbox, seen from the machine', async () => {
    vi.stubEnv('GH_TOKEN', SECRET)
    await whileInside(place, ['/bin/sleep', '600'], async ({ sandbox, terminal }) => {
      for (const pid of [sandbox.rootPid, terminal.pty.pid])
        for (const file of ['environ', 'cmdline'])
          expect(await readFile(`/proc/${pid}/${file}`, 'utf8')).not.toContain(SECRET)
    })
  })
})

test('what one session puts in the caches and tools of its home, no other session and not the machine finds', async () => {
  const poison = [
    ...['.npm/_cacache/index', '.cache/pip/wheel', '.cache/go-build/object', '.cargo/bin/cargo'],
    ...['.local/bin/git', '.bashrc', '.config/autostart/evil.desktop', '.gitconfig'],
  ]
  const put = poison.map((path) => `mkdir -p "$(dirname ~/${path})"; echo evil >~/${path}`)
  const look = `cd; for path in ${poison.join(' ')}; do [ -e $path ] && echo found $path; done; echo end`
  const first = await runInside(place, shell(`${put.join('\n')}\n${look}`))
  expect(first.output.match(/^found/gm)).toHaveLength(poison.length)
  const second = await runInside(place, shell(look))
  expect(second.output.trim()).toBe('end')
  expect(await readdir(place.home)).toEqual(['project'])
})
