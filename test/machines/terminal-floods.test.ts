import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import type { Sandbox } from '../../src/main/core/ports.ts'
import { failure } from '../helpers/failure.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import {
  makePlace,
  type Place,
  startInTerminal,
  startSandbox,
  type Terminal,
} from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap')

let place: Place
let sandbox: Sandbox
let terminal: Terminal
beforeEach(async () => {
  place = await makePlace()
  const started = await startSandbox(place, ['/bin/sleep', '600'])
  if (!started.sandbox.ok) throw failure(started.sandbox.error)
  sandbox = started.sandbox.value
  await sandbox.release()
  const entry = await sandbox.enter('/bin/bash')
  if (!entry.ok) throw new Error(entry.error)
  terminal = startInTerminal(entry.value.launch)
  const joined = await entry.value.join(terminal.pty.pid, new AbortController().signal)
  if (!joined.ok) throw new Error(joined.error)
  await joined.value.release()
  terminal.pty.write('stty -echo; PS1=\r')
})
afterEach(async () => {
  await sandbox.destroy()
  await terminal.exited
  await place.dispose()
})

describe('a further terminal of a machine', () => {
  test('carries more than its line holds at once, both ways and whole', async () => {
    terminal.pty.write('seq 1 100000; echo all-"$((1))"\r')
    await expect.poll(terminal.output).toContain('all-1')

    expect(terminal.output()).toContain(
      Array.from({ length: 100_000 }, (_, i) => `${i + 1}\r\n`).join(''),
    )
    const lines = Array.from({ length: 4000 }, (_, i) => `line ${i} of what was pasted`)
    terminal.pty.write('echo takes-"$((1))"; cat >pasted; echo read-"$((1))"\r')
    // Until then the line is the shell's, which takes returns as they are.
    await expect.poll(terminal.output).toContain('takes-1')
    terminal.pty.write(`${lines.join('\r')}\r\x04`)
    await expect.poll(terminal.output).toContain('read-1')
    expect(await readFile(join(place.workspace, 'pasted'), 'utf8')).toBe(`${lines.join('\n')}\n`)
  })

  test('ends with its shell, whatever that left behind writes', async () => {
    terminal.pty.write('yes >/dev/tty & sleep 0.5; exit 9\r')
    expect((await terminal.exited).exitCode).toBe(9)
    expect(terminal.output()).toContain('y\r\ny\r\n')
  })
})
