import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { TerminalViewer } from '../../src/shared/terminal-viewer.ts'
import { LIMITS } from '../../src/shared/rpc/frames.ts'
import {
  bundleEntry,
  outputOf,
  type PtyHarness,
  recordsOf,
  removeBundles,
  sha256,
  startPtyHarness,
  until,
} from '../helpers/pty.ts'
import { fakeAgent } from '../helpers/pty-parts.ts'
import { stateOf, viewerTerminal, written } from '../helpers/screens.ts'

let entry: string
let harness: PtyHarness

beforeAll(async () => {
  entry = await bundleEntry('src/main/pty/pty-host.ts', 'pty-host')
})
beforeEach(async () => {
  harness = await startPtyHarness(entry)
})
afterEach(() => harness.dispose())
afterAll(removeBundles)

async function run(...words: string[]): Promise<{ output: Buffer; exit: unknown }> {
  const request = harness.request(fakeAgent(...words))
  const spawned = await harness.ptyHost.spawn(request)
  expect(spawned.ok).toBe(true)
  await until('the exit', () => harness.observed.exits.has(request.terminal))
  return {
    output: outputOf(await recordsOf(request.logPath)),
    exit: harness.observed.exits.get(request.terminal),
  }
}

describe('PTY host', () => {
  it('runs a program with exactly its environment and no descriptor of ours', async () => {
    // A second terminal and its log are open meanwhile.
    await harness.ptyHost.spawn(harness.request(fakeAgent('--wait', '30')))
    const { output, exit } = await run('--env', '--fds', '--size')
    const text = output.toString()
    const env = JSON.parse(/env (.*)\r\n/.exec(text)?.[1] ?? '') as Record<string, string>
    // The terminal itself adds the folder; nothing comes from this process.
    expect(Object.keys(env).sort()).toEqual(['PATH', 'PWD', 'TERM'])
    const fds = JSON.parse(/fds (.*)\r\n/.exec(text)?.[1] ?? '') as string[]
    const foreign = fds.filter((fd) => /ptmx|\.log|cloche-pty|\/dev\/tty/.test(fd))
    expect(foreign).toEqual([])
    expect(text).toContain('size 80x24')
    expect(exit).toEqual({ kind: 'exited', code: 0 })
  })

  it('tells codes and signals apart', async () => {
    expect((await run('--exit', '37')).exit).toEqual({ kind: 'exited', code: 37 })
    expect((await run('--signal', 'SIGKILL')).exit).toEqual({
      kind: 'signalled',
      signal: 'SIGKILL',
    })
  })

  it('answers what a program asks its terminal once, with no viewer and with two', async () => {
    const once = '\\u001b[1;1R\\u001b]10;rgb:e6e6/e6e6/e6e6\\u001b\\\\\\u001b]11;rgb:1010/1212/1616'
    expect((await run('--ask')).output.toString()).toContain(once)
    const request = harness.request(fakeAgent('--wait', '1', '--ask'))
    await harness.ptyHost.spawn(request)
    const viewers = [newViewer(), newViewer()]
    for (const viewer of viewers) viewer.attach(harness, request.terminal)
    await until('the exit', () => harness.observed.exits.has(request.terminal))
    const text = outputOf(await recordsOf(request.logPath)).toString()
    expect(text.split('rgb:e6e6').length).toBe(2)
  })

  it('does not wait for one who keeps the terminal open after the program ended', async () => {
    const started = performance.now()
    const { exit, output } = await run('--linger', '20', '--print', 'last words')
    expect(exit).toEqual({ kind: 'exited', code: 0 })
    expect(output.toString()).toContain('last words')
    expect(performance.now() - started).toBeLessThan(5000)
  })

  it('reports a program that cannot be started, and goes on', async () => {
    const request = harness.request({ ...fakeAgent(), cwd: '/nowhere/at/all' })
    await harness.ptyHost.spawn(request)
    await until('the exit', () => harness.observed.exits.has(request.terminal))
    expect(harness.observed.exits.get(request.terminal)).not.toEqual({ kind: 'exited', code: 0 })
    const taken = await harness.ptyHost.spawn({ ...request, terminal: request.terminal })
    expect(taken.ok).toBe(false)
    expect((await run('--exit', '0')).exit).toEqual({ kind: 'exited', code: 0 })
  })

  it('shows the last screen as text and forgets a released terminal', async () => {
    const request = harness.request(fakeAgent('--print', 'hello there'))
    await harness.ptyHost.spawn(request)
    await until('the exit', () => harness.observed.exits.has(request.terminal))
    expect(await harness.ptyHost.text(request.terminal)).toBe('hello there')
    harness.ptyHost.release(request.terminal)
    expect(await harness.ptyHost.text(request.terminal)).toBe('')
    expect(harness.ptyHost.attach(request.terminal, newViewer().viewer)).toBeNull()
  })

  it('resizes the program, the log and every viewer in order', async () => {
    const request = harness.request(fakeAgent('--echo', '--size'))
    await harness.ptyHost.spawn(request)
    const viewer = newViewer()
    viewer.attach(harness, request.terminal)
    harness.ptyHost.resize(request.terminal, { cols: 100, rows: 30 })
    harness.ptyHost.write(request.terminal, Buffer.from('quit\r'))
    await until('the exit', () => harness.observed.exits.has(request.terminal))
    const records = await recordsOf(request.logPath)
    expect(records.filter((record) => record.kind === 'resize')).toMatchObject([
      { cols: 80, rows: 24 },
      { cols: 100, rows: 30 },
    ])
    expect(outputOf(records).toString()).toContain('size 100x30')
    expect([viewer.terminal.cols, viewer.terminal.rows]).toEqual([100, 30])
  })

  it('restores a full-screen interface for one who attaches late', async () => {
    const request = harness.request(fakeAgent('--tui', '--wait', '30'))
    await harness.ptyHost.spawn(request)
    await until('the interface', async () =>
      (await harness.ptyHost.text(request.terminal)).includes('fake agent 日本 🙂'),
    )
    const late = newViewer()
    late.attach(harness, request.terminal)
    await until('the screen', () => late.screens > 0)
    const whole = viewerTerminal({ cols: 80, rows: 24 })
    await written(whole, outputOf(await recordsOf(request.logPath)))
    await written(late.terminal, '')
    expect(stateOf(late.terminal)).toEqual(stateOf(whole))
  })

  it.each([
    [100, 'nobody attached'],
    [40, 'a viewer that is stuck'],
    [40, 'a viewer that draws'],
  ] as const)(
    'records %i MB byte for byte with %s',
    async (megabytes, who) => {
      const proof = join(harness.folder, 'proof.json')
      const request = harness.request(fakeAgent('--flood', String(megabytes), proof))
      await harness.ptyHost.spawn(request)
      const viewer = newViewer({ isStuck: who === 'a viewer that is stuck' })
      if (who !== 'nobody attached') viewer.attach(harness, request.terminal)
      let mostRss = 0
      await until(
        'the exit',
        async () => {
          mostRss = Math.max(mostRss, await rssBytes(harness.children[0]?.pid))
          return harness.observed.exits.has(request.terminal)
        },
        120_000,
      )
      const records = await recordsOf(request.logPath)
      const recorded = outputOf(records)
      const expected = JSON.parse(await readFile(proof, 'utf8')) as object
      expect({ bytes: recorded.length, sha256: sha256(recorded) }).toEqual(expected)
      expect(harness.observed.active.at(-1)?.totalBytes).toBe(recorded.length)
      expect(mostRss).toBeLessThan(400 * 1024 * 1024)
      if (who === 'a viewer that is stuck')
        expect(viewer.outputBytes).toBeLessThanOrEqual(LIMITS.viewerWindowBytes)
      if (who !== 'a viewer that draws') return
      const whole = viewerTerminal({ cols: 80, rows: 24 })
      await written(whole, recorded)
      // The screen first, its history as soon as the viewer has drawn that.
      await until(
        'the viewer is current',
        () =>
          viewer.offset === recorded.length &&
          viewer.terminal.buffer.normal.length === whole.buffer.normal.length,
      )
      await written(viewer.terminal, '')
      expect(stateOf(viewer.terminal)).toEqual(stateOf(whole))
    },
    180_000,
  )

  it('shows a flood while it passes, and does not let another terminal wait for it', async () => {
    const line = 'ok test/unit/session.test.ts: a session that ended is shown as ended'
    const size = 100_000_000
    const request = harness.request({
      file: '/bin/sh',
      args: ['-c', `sleep 0.3; yes '${line}' | head -c ${size}`],
      env: { PATH: '/usr/bin:/bin' },
      cwd: '/',
    })
    const other = harness.request(fakeAgent('--echo'))
    await harness.ptyHost.spawn(other)
    await harness.ptyHost.spawn(request)
    // In bytes of the flood, not in time: a busy machine slows both down.
    let seen = 0
    let longest = 0
    const show = (offset: number): void => {
      longest = Math.max(longest, offset - seen)
      seen = offset
      setImmediate(() => flood?.drawn(offset))
    }
    const flood = harness.ptyHost.attach(request.terminal, {
      screen: show,
      output: (offset, bytes) => show(offset + bytes.length),
      resized: () => undefined,
    })
    let typedAt = 0
    let longestEcho = 0
    let echoes = 0
    const type = (): void => {
      typedAt = seen
      harness.ptyHost.write(other.terminal, Buffer.from('x'))
    }
    const typing = harness.ptyHost.attach(other.terminal, {
      screen: (offset) => typing?.drawn(offset),
      output: (offset, bytes) => {
        longestEcho = Math.max(longestEcho, seen - typedAt)
        echoes++
        typing?.drawn(offset + bytes.length)
        type()
      },
      resized: () => undefined,
    })
    type()
    await until('the exit', () => harness.observed.exits.has(request.terminal), 120_000)
    expect(seen).toBeGreaterThan(size)
    expect(echoes).toBeGreaterThan(20)
    expect({ longest, longestEcho }).toEqual({
      longest: expect.toSatisfy((bytes: number) => bytes < size / 6),
      longestEcho: expect.toSatisfy((bytes: number) => bytes < size / 6),
    })
    const records = await recordsOf(request.logPath)
    const recorded = outputOf(records)
    expect(recorded.length).toBe(seen)
    const whole = Buffer.alloc(recorded.length, `${line}\r\n`)
    expect(recorded.equals(whole)).toBe(true)
  }, 180_000)
})

interface TestViewer {
  readonly terminal: ReturnType<typeof viewerTerminal>
  readonly viewer: TerminalViewer
  readonly screens: number
  readonly outputBytes: number
  /** Everything before it is drawn. */
  readonly offset: number
  attach(harness: PtyHarness, sessionId: Parameters<PtyHarness['ptyHost']['attach']>[0]): void
}

/** Draws what it gets and says so, as the renderer does; or never says anything. */
function newViewer({ isStuck = false } = {}): TestViewer {
  const terminal = viewerTerminal({ cols: 80, rows: 24 })
  const counts = { screens: 0, outputBytes: 0, offset: -1 }
  let drawn: (offset: number) => void = () => undefined
  const draw = (end: number, bytes: Uint8Array): void => {
    if (isStuck) return
    terminal.write(bytes, () => {
      counts.offset = end
      drawn(end)
    })
  }
  const viewer: TerminalViewer = {
    screen: (offset, size, bytes) => {
      counts.screens++
      terminal.resize(size.cols, size.rows)
      draw(offset, bytes)
    },
    output: (offset, bytes) => {
      counts.outputBytes += bytes.length
      draw(offset + bytes.length, bytes)
    },
    resized: ({ cols, rows }) => terminal.write('', () => terminal.resize(cols, rows)),
  }
  return {
    terminal,
    viewer,
    get screens() {
      return counts.screens
    },
    get outputBytes() {
      return counts.outputBytes
    },
    get offset() {
      return counts.offset
    },
    attach: (harness_, sessionId) => {
      const attachment = harness_.ptyHost.attach(sessionId, viewer)
      drawn = (offset) => attachment?.drawn(offset)
    },
  }
}

async function rssBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024
}
