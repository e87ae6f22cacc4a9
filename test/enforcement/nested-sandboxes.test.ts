import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { requireCapability } from '../helpers/require-capability.ts'
import { makePlace, type Place, runInside } from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'rg', 'socat')

const PACKAGES = resolve(import.meta.dirname, '../fixtures/agents/node_modules')
const NODE = resolve(process.execPath, '../..')

/** The sandboxes that agents bring along, as their users install them. */
const OWN = {
  codex: {
    command: ['codex', 'sandbox', '--', '/bin/echo', 'ran'],
    words: /bwrap: No permissions/,
  },
  srt: { command: ['srt', 'echo', 'ran'], words: /bubblewrap|bwrap/ },
} as const

let place: Place
let codexHome: string
beforeEach(async () => {
  place = await makePlace()
  // Codex makes its helper programs in its home, and refuses to below /tmp.
  codexHome = await mkdtemp('/var/tmp/cloche-codex-')
})
afterEach(async () => {
  await place.dispose()
  await rm(codexHome, { recursive: true, force: true })
})

const PATH = `${join(NODE, 'bin')}:${join(PACKAGES, '.bin')}:/usr/bin:/bin`

describe.each(Object.entries(OWN))('%s', (_, { command, words }) => {
  test('the positive control: outside it runs its command', async () => {
    const [file, ...args] = command
    const { stdout } = await promisify(execFile)(join(PACKAGES, '.bin', file), args, {
      cwd: place.workspace,
      env: { PATH, HOME: place.home, CODEX_HOME: codexHome },
    })
    expect(stdout).toContain('ran')
  })

  test('inside ours it says that it cannot, and runs nothing without it', async () => {
    const shown = [PACKAGES, NODE].map((path) => ({
      source: path,
      target: path,
      access: 'read' as const,
    }))
    const { code, output } = await runInside(place, ['/bin/sh', '-c', command.join(' ')], {
      mounts: shown,
      path: PATH.split(':'),
    })
    expect(code).not.toBe(0)
    expect(output).toMatch(words)
    expect(output.split(/\r?\n/)).not.toContain('ran')
  })
})
