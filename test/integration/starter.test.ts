import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { childrenOf } from '../../src/main/backends/kernel-facts.ts'
import { plainStarter, type ProgramStarter } from '../../src/main/backends/program-starter.ts'
import { createStarter, type OwnStarter } from '../../src/main/backends/starter.ts'

const PROGRAM = resolve(import.meta.dirname, '../../out/native/starter')
const quiet = (): undefined => undefined
const log = { info: quiet, warn: quiet, error: quiet }

let own: OwnStarter
beforeEach(() => {
  own = createStarter(PROGRAM, log)
})
afterEach(() => own.close())

const WAYS: readonly (readonly [string, () => ProgramStarter])[] = [
  ['the small program', () => own],
  ['this process', () => plainStarter],
]

describe.each(WAYS)('started by %s', (_, starter) => {
  test('a program reads and writes, and ends with its input', async () => {
    const { stdin, stdout, ended } = await starter().piped('cat', [])
    const said: string[] = []
    stdout?.setEncoding('utf8').on('data', (part: string) => said.push(part))
    stdin?.write('one ')
    stdin?.end('two')
    expect(await ended).toBe(null)
    expect(said.join('')).toBe('one two')
  })

  test('one that does not end is killed', async () => {
    const { stdout, ended, kill } = await starter().piped('sleep', ['1000'])
    stdout?.resume()
    kill()
    expect(await ended).toBe(null)
  })

  test('one that is not there says so', async () => {
    const { stdin, stdout, ended } = await starter().piped('/nowhere/program', [])
    stdin?.destroy()
    stdout?.resume()
    expect(await ended).toMatch(/ENOENT|No such file/)
    expect(await starter().run('/nowhere/program', [], 1000)).toMatchObject({ code: null })
    const teller = await starter().teller('/nowhere/program', [])
    expect(await teller.ended).toMatch(/program.*(is not there|No such file)/)
  })

  test('one that fails says why, and one that takes too long is ended', async () => {
    const failed = await starter().run('sh', ['-c', 'echo no >&2; exit 3'], 5000)
    expect(failed).toEqual({ code: 3, stdout: '', stderr: expect.stringMatching(/^no\n?$/) })
    expect(await starter().run('sleep', ['1000'], 50)).toMatchObject({ code: null })
  })

  test('what it gets is nothing of the person’s', async () => {
    process.env.CLOCHE_TEST_SECRET = 'x'
    const { stdout, ended } = await starter().piped('sh', ['-c', 'env; pwd; ls -l /proc/self/fd'])
    let said = ''
    stdout?.setEncoding('utf8').on('data', (part: string) => void (said += part))
    await ended
    expect(said).toMatch(/^LANG=C$/m)
    expect(said).not.toMatch(/CLOCHE_TEST_SECRET|NODE_CHANNEL_FD|CLOCHE_NUMBER/)
    expect(said).toMatch(/^\/$/m)
    expect(said.match(/-> socket:/g)).toHaveLength(2)
  })
})

test('what a program said is heard before its end, also where the end is known first', async () => {
  // What it leaves behind keeps its channel, and says the last.
  const late = 'sh -c "sleep 0.3; echo \\"1\\" >&$NODE_CHANNEL_FD" & exit 3'
  const teller = await plainStarter.teller('sh', ['-c', late])
  const heard: unknown[] = []
  teller.onMessage((message) => heard.push(message))
  expect(await teller.ended).toBe('it ended with code 3')
  expect(heard).toEqual([1])
})

test('many at once are told apart', async () => {
  const ran = await Promise.all(
    Array.from({ length: 50 }, (_, i) => own.run('sh', ['-c', `echo ${i}; exit ${i}`], 20_000)),
  )
  expect(ran).toEqual(ran.map((_, i) => ({ code: i, stdout: '', stderr: String(i) })))
})

test('where it is not built, this process starts them', async () => {
  const missing = createStarter('/nowhere/starter', log)
  expect(await missing.run('sh', ['-c', 'exit 7'], 5000)).toMatchObject({ code: 7 })
  await missing.close()
})

test('one that was killed is done without, and takes nobody with it', async () => {
  const { stdin, stdout } = await own.piped('cat', [])
  const over = new Promise((done) => stdout?.resume().on('close', done))
  for (const pid of await childrenOf(process.pid))
    if ((await readFile(`/proc/${pid}/comm`, 'utf8')) === 'starter\n') process.kill(pid, 'SIGKILL')
  const code = async (): Promise<number | null> =>
    (await own.run('sh', ['-c', 'exit 7'], 5000)).code
  await expect.poll(code).toBe(7)
  stdin?.end()
  await over
})
