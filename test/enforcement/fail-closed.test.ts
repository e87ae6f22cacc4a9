import { spawnSync } from 'node:child_process'
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { diagnoseBubblewrap } from '../../src/main/backends/diagnose-bubblewrap.ts'
import { failure } from '../helpers/failure.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import {
  makePlace,
  type Place,
  planFor,
  startInTerminal,
  startSandbox,
  testBackend,
} from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap')
const SESSION = 'ses_00000000000000ff' as never

let place: Place
beforeEach(async () => {
  place = await makePlace()
})
afterEach(() => place.dispose())

const proofOfRun = () => ['/bin/sh', '-c', `echo ran >'${place.workspace}/ran'`]
const hasRun = async () => (await readdir(place.workspace)).includes('ran')

describe('what cannot be built does not start', () => {
  test('the positive control: with everything there it runs', async () => {
    const { sandbox, terminal } = await startSandbox(place, proofOfRun())
    if (!sandbox.ok) throw failure(sandbox.error)
    expect(await hasRun()).toBe(false)
    await sandbox.value.release()
    await terminal.exited
    await sandbox.value.destroy()
    expect(await hasRun()).toBe(true)
  })

  test('bubblewrap missing: said, with how to install it', async () => {
    const built = await testBackend([]).build(planFor(place, proofOfRun()), SESSION)
    expect(built).toMatchObject({
      ok: false,
      error: {
        type: 'boundary_failed',
        part: 'bubblewrap',
        detail: expect.stringContaining('not installed'),
      },
    })
    const diagnosis = await diagnoseBubblewrap([])
    expect(diagnosis.status).toBe('missing')
    expect(diagnosis.remedies.map((remedy) => remedy.command)).toContain(
      'sudo apt-get install bubblewrap',
    )
  })

  test('a bubblewrap that others could have replaced is not used', async () => {
    const planted = join(place.workspace, 'bwrap')
    await writeFile(planted, '#!/bin/sh\nshift 4; exec "$@"\n')
    await chmod(planted, 0o777)
    expect((await diagnoseBubblewrap([planted])).status).toBe('missing')
    const built = await testBackend([planted]).build(planFor(place, proofOfRun()), SESSION)
    expect(built.ok).toBe(false)
    expect(await hasRun()).toBe(false)
  })

  test('user namespaces refused: nothing starts, and bubblewrap says why', async () => {
    const built = await testBackend().build(planFor(place, proofOfRun()), SESSION)
    if (!built.ok) throw new Error(built.error.type)
    const { launch } = built.value
    // A user namespace that may hold no others is a machine that refuses them.
    const refusing = `echo 0 >/proc/sys/user/max_user_namespaces && exec ${[launch.file, ...launch.args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')}`
    const terminal = startInTerminal({
      ...launch,
      file: '/usr/bin/unshare',
      args: ['--user', '--map-root-user', '/bin/sh', '-c', refusing],
    })
    const exit = new AbortController()
    void terminal.exited.then(() => exit.abort())
    const joined = await built.value.join(terminal.pty.pid, exit.signal)
    await built.value.abandon()
    expect(joined).toMatchObject({ ok: false, error: { type: 'boundary_failed' } })
    await expect.poll(terminal.output).toMatch(/namespace|No space left|permi/i)
    expect(await hasRun()).toBe(false)
  })

  test('nobody says go: the agent never runs', async () => {
    const { sandbox, terminal } = await startSandbox(place, proofOfRun())
    if (!sandbox.ok) throw failure(sandbox.error)
    await sandbox.value.destroy()
    await terminal.exited
    expect(await hasRun()).toBe(false)
  })

  test('an axis that is not proven ends the start', async () => {
    // A mount that leads elsewhere than it says shows the canaries inside: the probe must notice.
    const link = join(place.root, 'link')
    await symlink(tmpdir(), link)
    const { sandbox, terminal } = await startSandbox(place, proofOfRun(), {
      mounts: [{ source: link, target: tmpdir(), access: 'write' }],
    })
    expect(sandbox).toMatchObject({ ok: false, error: { type: 'not_proven' } })
    if (!sandbox.ok && sandbox.error.type === 'not_proven')
      expect(sandbox.error.axes.find((axis) => axis.axis === 'files')?.proven).toBe('open')
    await terminal.exited
    expect(await hasRun()).toBe(false)
  })
})

describe('nothing stays', () => {
  test('ending a sandbox ends every process in it, however it was started', async () => {
    const tag = `cloche-${process.pid}-${Date.now()}`
    const { sandbox } = await startSandbox(place, [
      '/bin/bash',
      '-c',
      `(setsid nohup bash -c 'exec -a ${tag} sleep 600' &) ; trap '' TERM; exec -a ${tag} sleep 600`,
    ])
    if (!sandbox.ok) throw failure(sandbox.error)
    await sandbox.value.release()
    const alive = () =>
      spawnSync('pgrep', ['-fc', `^${tag} 600$`], { encoding: 'utf8' }).stdout.trim()
    await expect.poll(alive).toBe('2')
    await sandbox.value.destroy()
    await expect.poll(alive).toBe('0')
  })

  test('no file is left in the workspace or in the run folder', async () => {
    await mkdir(join(place.workspace, '.vscode'))
    const before = await readdir(place.workspace)
    const folders = async () =>
      (await readdir(tmpdir())).filter((name) => name.startsWith('cloche-session-'))
    const earlier = await folders()
    const { sandbox, terminal } = await startSandbox(place, ['/bin/true'])
    if (!sandbox.ok) throw failure(sandbox.error)
    await sandbox.value.release()
    await terminal.exited
    await sandbox.value.destroy()
    expect(await readdir(place.workspace)).toEqual(before)
    expect(await folders()).toEqual(earlier)
  })

  test('a protected path that is a link cannot be held: nothing starts, and the words say why', async () => {
    await symlink(place.home, join(place.workspace, '.vscode'))
    const built = await testBackend().build(planFor(place, ['/bin/true']), SESSION)
    expect(built).toMatchObject({
      ok: false,
      error: { type: 'file_rule_refused', path: join(place.workspace, '.vscode') },
    })
    expect(await readdir(place.workspace)).toEqual(['.vscode'])
  })
})
