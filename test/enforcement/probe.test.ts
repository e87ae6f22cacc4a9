import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { CANARY_ADDRESS } from '../../src/main/backends/network-canary.ts'
import { parseReport } from '../../src/main/backends/probe-canaries.ts'
import { PROBE_SCRIPT } from '../../src/main/backends/probe-script.ts'
import { PROBE_NAME } from '../../src/main/core/direct-addresses.ts'
import { naively } from '../helpers/outside.ts'
import { requireCapability } from '../helpers/require-capability.ts'

const test = requireCapability('bubblewrap')
const PROGRAM = resolve(import.meta.dirname, '../../out/native/probe')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloche-probe-'))
  for (const name of ['home', 'protected']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'secret'), 'a secret\nsecond line\n')
  writeFileSync(join(folder, 'home/.one'), '')
  mkdirSync(join(folder, 'home/two'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Asked {
  readonly port: number
  readonly words?: string
  readonly around: (argv: readonly string[]) => string[]
}

/** As bubblewrap has it: descriptors 7 to 10 are ours, and one that was forgotten. */
function report(kind: 'program' | 'script', { port, words, around }: Asked) {
  const canaries = [join(folder, 'secret'), join(folder, 'outside'), String(port)]
  const own = [...canaries, join(folder, 'protected')]
  const agent = ['/bin/sh', '-c', 'ls /proc/self/fd | tr "\\n" " "; echo ran']
  const argv =
    kind === 'program'
      ? ['/proc/self/fd/10', '10', ...own, CANARY_ADDRESS, PROBE_NAME, ...agent]
      : ['/bin/sh', '-c', PROBE_SCRIPT, 'cloche-probe', ...own, ...agent]
  const said = join(folder, 'report')
  const told = join(folder, 'words')
  writeFileSync(told, words ?? (kind === 'program' ? 'try\ngo\n' : 'go\n'))
  const [file = '', ...args] = around(argv)
  const open = [openSync(told, 'r'), openSync(told, 'r'), openSync(said, 'w')]
  const program = openSync(PROGRAM, 'r')
  const forgotten = openSync('/dev/null', 'r')
  const done = spawnSync(file, args, {
    stdio: ['ignore', 'pipe', 'pipe', forgotten, 'ignore', 'ignore', 'ignore', ...open, program],
    env: { HOME: join(folder, 'home'), PATH: '/usr/bin:/bin', ODD: 'a=b' },
    encoding: 'utf8',
  })
  for (const fd of [...open, program, forgotten]) closeSync(fd)
  rmSync(join(folder, 'outside'), { force: true })
  // Who runs this as root may write there.
  rmSync('/usr/.cloche-probe', { force: true })
  const wasWritten = spawnSync('rm', [join(folder, 'protected/.cloche-probe')]).status === 0
  return { ...done, wasWritten, said: parseReport(readFileSync(said, 'utf8')) }
}

const sorted = (text: string | undefined, by: string): string[] =>
  [...new Set(text?.split(by).filter(Boolean))].sort()
const OF_SHELLS = ['PWD', 'OLDPWD', 'SHLVL', '_']

describe('the probe that is a program finds what the one of a shell finds', () => {
  const open = ['--unshare-net', '--cap-add', 'ALL', '--dev-bind', '/', '/']
  const around = (argv: readonly string[]): string[] => naively(argv, open)

  test('where everything is open', () => {
    const [program, script] = (['program', 'script'] as const).map((kind) => {
      const { said, wasWritten } = report(kind, { port: 9, around })
      const { processes, variables, home, sockets, descriptors, name, ...same } =
        Object.fromEntries(said ?? [])
      const names = sorted(variables, ' ').filter((item) => !OF_SHELLS.includes(item))
      return {
        ...{ same, wasWritten, names, name, home: sorted(home, '/') },
        ...{ sockets: sorted(sockets, ' '), isAlone: Number(processes) <= 4 },
        descriptors: sorted(descriptors, ' ').filter((fd) => Number(fd) < 10),
      }
    })
    expect(program).toEqual(script)
    expect(program).toMatchObject({
      same: {
        ...{ secret: 'a secret', protected: 'written', mount: 'made', namespace: 'made' },
        ...{ loopback: 'refused', direct: 'refused', readable: expect.stringMatching(/./) },
      },
      ...{ names: ['HOME', 'ODD', 'PATH'], home: ['.one', 'two'], name: '', wasWritten: true },
      descriptors: ['3'],
    })
  })

  test('a port of this machine that answers', async () => {
    const server = createServer()
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as { port: number }
    const machine = (argv: readonly string[]): string[] => [...argv]
    const words = 'try\nno\n'
    expect(report('program', { port, words, around: machine }).said?.get('loopback')).toBe(
      'connected',
    )
    server.close()
  })
})

describe('the program', () => {
  const around = (argv: readonly string[]): string[] => naively(argv)

  test('becomes the agent with the word, and hands nothing on', () => {
    const { stdout } = report('program', { port: 9, around })
    expect(stdout).toMatch(/^0 1 2 (\d{3} )?3 4 ran$/m)
  })

  test.each(['', 'go\n', 'try\n', 'try\nno\n', 'try\ngo', 'try\ngo on\n', 'x'.repeat(100)])(
    'never becomes the agent with %j',
    (words) => {
      const { status, stdout } = report('program', { port: 9, words, around })
      expect([status, stdout]).toEqual([125, ''])
    },
  )
})
