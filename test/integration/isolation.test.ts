import { readdir, rename, rmdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failure } from '../helpers/failure.ts'
import { follow, startTestHost, type TestHost } from '../helpers/host.ts'
import { LEVEL, notInVm, onlyInOs } from '../helpers/level.ts'
import { shellSpec } from '../helpers/spec.ts'

let host: TestHost
beforeEach(async () => {
  host = await startTestHost()
})
afterEach(() => host.dispose())

/** Folders of one start, by what lies in them. */
const MADE = /^(\/(?!\.cloche\/).*)\/(?:etc-passwd|lines|observer)$/

describe('the boundary of a running session', () => {
  const again = notInVm(test, 'test/machines/machine.test.ts and late-changes.test.ts do that')
  again('is proven again on demand, and its loss is noticed', async () => {
    const connection = await host.connect()
    const created = await connection.api.session.create(shellSpec(host.workspace, 'sleep 60'))
    if (!created.ok) throw failure(created.error)
    const session = created.value
    const seen = follow(connection, session.id)
    await expect
      .poll(() => seen.state().session?.policy?.command[0])
      .toMatch(LEVEL === 'container' ? /^(docker|podman)$/ : /^bwrap$/)
    const first = seen.state().session?.axes[0]?.provenAtMs ?? 0
    const probed = await connection.api.session.probe({ id: session.id })
    if (!probed.ok) throw new Error(probed.error.type)
    expect(probed.value.map(({ proven }) => proven)).toEqual(Array(4).fill('enforced'))
    await expect.poll(() => seen.state().session?.axes[0]?.provenAtMs).toBeGreaterThan(first)

    await rmdir(join(host.workspace, '.claude'))
    await expect
      .poll(() => seen.state().session?.axes.map(({ proven }) => proven), { timeout: 6000 })
      .toEqual(['open', 'enforced', 'enforced', 'enforced'])
    expect(await connection.api.session.stop({ id: session.id })).toEqual({ ok: true, value: null })
    expect(await connection.api.session.probe({ id: session.id })).toEqual({
      ok: false,
      error: { type: 'not_live' },
    })
    expect(await readdir(host.workspace)).toEqual([])
  })

  onlyInOs(test, 'a container’s mounts can be put back by its engine alone')(
    'is put back where somebody outside takes it away, and told',
    async () => {
      const connection = await host.connect()
      await writeFile(join(host.workspace, '.env'), 'TOKEN=1')
      const created = await connection.api.session.create({
        ...shellSpec(host.workspace, 'sleep 60'),
        files: [{ path: '.env', access: 'mask' as const }],
      })
      if (!created.ok) throw failure(created.error)
      const seen = follow(connection, created.value.id)
      const restored = () =>
        seen.events.map(({ fact }) => fact).filter((fact) => fact.type === 'isolation/restored')
      await writeFile(join(host.workspace, 'saved'), 'TOKEN=2')
      await rename(join(host.workspace, 'saved'), join(host.workspace, '.env'))
      const server = createServer()
      await new Promise<void>((done) => server.listen(join(host.workspace, 'late.sock'), done))
      try {
        await expect.poll(restored, { timeout: 6000 }).toEqual(
          expect.arrayContaining([
            { type: 'isolation/restored', path: join(host.workspace, '.env'), was: 'replaced' },
            { type: 'isolation/restored', path: join(host.workspace, 'late.sock'), was: 'socket' },
          ]),
        )
      } finally {
        server.close()
      }
      const probed = await connection.api.session.probe({ id: created.value.id })
      expect(probed.ok && probed.value.map(({ proven }) => proven)).toEqual(
        Array(4).fill('enforced'),
      )
      const { entries } = await connection.api.audit.read({ words: '', before: null })
      expect(entries.map(({ fact }) => fact.type)).toContain('isolation/restored')
      await connection.api.session.stop({ id: created.value.id })
    },
  )

  test('can be read before the start, from the same plan', async () => {
    const connection = await host.connect()
    const spec = {
      ...shellSpec(host.workspace, 'true'),
      grants: ['api.example.test'],
      files: [{ path: 'secret', access: 'deny' as const }],
    }
    await writeFile(join(host.workspace, 'secret'), '')
    const preview = await connection.api.session.preview(spec)
    if (!preview.ok) throw new Error(preview.error.type)
    const { sentences, command } = preview.value
    const texts = sentences.map(({ kind, text }) => `${kind} ${text}`)
    expect(texts).toContain('can reach api.example.test')
    expect(texts).toContain(`cannot open ${join(host.workspace, 'secret')}`)
    expect(texts).toContainEqual(expect.stringMatching(/^cannot make .*\.claude, .*\.git, /))
    expect(await readdir(host.workspace)).toEqual(['secret'])

    const created = await connection.api.session.create(spec)
    if (!created.ok) throw new Error(created.error.type)
    const seen = follow(connection, created.value.id)
    await expect.poll(() => seen.state().session?.status).toBe('ended')
    const applied = seen.state().session?.policy
    expect(applied?.sentences).toEqual(sentences)
    const made = applied?.command.flatMap((word) => MADE.exec(word)?.slice(1) ?? []) ?? []
    const plain = (word: string): string =>
      made.reduce((rest, folder) => rest.replace(folder, '(run folder)'), word)
    expect(applied?.command.map(plain)).toEqual(command)
  })

  test('a rule that cannot be held starts nothing and names the path', async () => {
    const connection = await host.connect()
    const created = await connection.api.session.create({
      ...shellSpec(host.workspace, 'true'),
      files: [{ path: '/nowhere/at/all', access: 'read' }],
    })
    expect(created).toMatchObject({
      ok: false,
      error: { type: 'file_rule_refused', path: '/nowhere/at/all' },
    })
    expect(await readdir(host.workspace)).toEqual([])
  })
})
