import { chmod, copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { Diagnosis } from '../../src/shared/domain/sandbox.ts'
import { runOutside, shell } from '../helpers/outside.ts'
import { bundleEntry, removeBundles } from '../helpers/pty.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { makePlace, type Place } from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap')

let place: Place
let diagnose: string
/** Ours, so that it is root's where we are root: in a user namespace, which makes another machine. */
let bubblewrap: string
beforeAll(async () => {
  diagnose = await bundleEntry('test/fixtures/diagnose.ts', 'diagnose')
  place = await makePlace()
  bubblewrap = join(place.root, 'bwrap')
  await copyFile('/usr/bin/bwrap', bubblewrap)
  await chmod(bubblewrap, 0o755)
})
afterAll(async () => {
  await removeBundles()
  await place.dispose()
})

async function diagnosis(argv: readonly string[], env: Record<string, string> = {}) {
  const output = await runOutside(argv, { env })
  if (!output.startsWith('{')) throw new Error(output)
  return JSON.parse(output) as Diagnosis
}
const onOtherMachine = (before: string): Promise<Diagnosis> =>
  diagnosis([
    ...['/usr/bin/unshare', '--user', '--map-root-user'],
    ...shell(`${before}; exec '${process.execPath}' '${diagnose}' '${bubblewrap}'`),
  ])
const commands = ({ remedies }: Diagnosis): (string | null)[] =>
  remedies.map(({ command }) => command)

describe('a machine', () => {
  test('that has all: it is usable (positive control)', async () => {
    expect(await onOtherMachine(':')).toMatchObject({ status: 'usable', remedies: [] })
  })

  test('that refuses user namespaces: blocked, with the command that lifts it', async () => {
    const found = await onOtherMachine('echo 0 >/proc/sys/user/max_user_namespaces')
    expect(found.status).toBe('blocked')
    expect(commands(found)).toEqual(['sudo sysctl user.max_user_namespaces=15000'])
    expect(found.facts).toContainEqual({ name: 'user.max_user_namespaces', value: '0' })
    expect(found.facts.find(({ name }) => name === 'Trial run')?.value).toMatch(/bwrap: /)
  })

  test('with a set-user-id bubblewrap: refused as another kind of sandbox', async () => {
    const found = await onOtherMachine(`chmod 4755 '${bubblewrap}'`)
    expect(found.status).toBe('missing')
    expect(found.summary).toContain('set-user-id')
    await chmod(bubblewrap, 0o755)
  })

  test('with something called bwrap first on PATH: it is never run', async () => {
    const planted = join(place.workspace, 'bwrap')
    await writeFile(planted, `#!/bin/sh\necho ran >'${place.workspace}/ran'\n`, { mode: 0o755 })
    const env = { PATH: `${place.workspace}:${process.env.PATH}` }
    expect(await runOutside(shell('bwrap; cat ran'), { env, cwd: place.workspace })).toContain(
      'ran',
    )
    await runOutside(shell(`rm '${place.workspace}/ran'`))
    const found = await diagnosis([process.execPath, diagnose], env)
    expect(found.facts[0]).toEqual({ name: 'Program', value: '/usr/bin/bwrap' })
    expect(await runOutside(shell('cat ran'), { cwd: place.workspace })).toMatch(/No such file/)
  })
})
