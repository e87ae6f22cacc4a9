import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest'
import { splitStat } from '../../src/main/core/proc-stat.ts'
import { compileEscapes } from '../helpers/escape-program.ts'
import { bash, naively, runOutside } from '../helpers/outside.ts'
import { onlyInOs } from '../helpers/level.ts'
import { makeSharedPlace } from '../helpers/shared-place.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import {
  type Place,
  runInside,
  startInTerminal,
  type Terminal,
  whileInside,
} from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'gcc')

let place: Place
let program: string
/** A terminal in which the person works; whoever reads what is typed there is `cat`. */
let own: Terminal & { readonly path: string }

beforeAll(async () => {
  place = await makeSharedPlace()
  program = compileEscapes(place)
})
afterAll(() => place.dispose())
beforeEach(async () => {
  const terminal = startInTerminal({
    file: '/bin/bash',
    args: ['-c', 'stty -echo; echo "tty=$(tty)="; exec cat'],
    env: {},
    cwd: '/',
  })
  await expect.poll(terminal.output).toMatch(/tty=\S+=/)
  own = { ...terminal, path: /tty=(\S+)=/.exec(terminal.output())![1]! }
})
afterEach(async () => {
  own.pty.kill('SIGKILL')
  await own.exited
})

/** Bytes that reached the person's terminal, as its own side shows them. */
const arrived = (): string => own.output().split(`tty=${own.path}=`)[1]!.trim()

describe('the person’s terminals', () => {
  test('get no byte from inside', async () => {
    const write = (word: string, paths: string) =>
      bash(
        `for path in ${paths}; do [ -c $path ] && echo ${word} 2>/dev/null >$path; done; echo end`,
      )
    await runOutside(write('from-outside', own.path))
    await expect.poll(arrived).toContain('from-outside')
    const all = `${own.path} /dev/pts/* /proc/*/fd/* /dev/tty /dev/console`
    const { output } = await runInside(place, write('from-inside', all))
    expect(output).toContain('end')
    // What the session wrote to its own terminal is the last thing; the person's is read after it.
    own.pty.write('typed\n')
    await expect.poll(arrived).toContain('typed')
    expect(arrived()).not.toContain('from-inside')
  })

  test('get no typed command: not the one a sandbox shares in a naive set-up, not its own', async () => {
    const inject = [program, 'tiocsti', 'echo injected\n']
    const words = naively(inject).map((word) => `'${word}'`)
    const after = 'read -t 1 -r line; echo "read=$line="'
    const shared = startInTerminal({
      file: '/bin/bash',
      args: ['-c', `${words.join(' ')}; ${after}`],
      env: {},
      cwd: '/',
    })
    await shared.exited
    expect(shared.output(), 'in a naive sandbox, it must succeed').toContain('read=echo injected=')

    const { output } = await runInside(
      place,
      bash(`${inject.map((word) => `'${word}'`).join(' ')}; ${after}`),
    )
    expect(output).toContain('outcome=1')
    expect(output).toContain('read==')
  })

  onlyInOs(test, 'its terminal is the engine’s, and told of by another number')(
    'are not the session’s: it has a terminal and a process session of its own',
    async () => {
      await whileInside(place, ['/bin/sleep', '600'], async ({ sandbox, terminal }) => {
        const of = async (pid: number | 'self') => {
          const line = splitStat(await readFile(`/proc/${pid}/stat`, 'utf8'))
          return { session: line?.field(6), terminal: line?.field(7) }
        }
        const root = await of(sandbox.rootPid)
        expect(root.session).toBe(String(terminal.pty.pid))
        expect(root.terminal).not.toBe('0')
        for (const other of [await of('self'), await of(own.pty.pid)]) {
          expect(root.session).not.toBe(other.session)
          expect(root.terminal).not.toBe(other.terminal)
        }
      })
    },
  )
})
