import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

const test = requireCapability('bubblewrap')

let host: TestHost
let connection: Connection
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
})
afterEach(() => host.dispose())

async function run(script: string) {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, `/bin/bash -c ${JSON.stringify(script)}`),
    network: 'deny',
  })
  if (!created.ok) throw failure(created.error)
  const seen = follow(connection, created.value.id)
  await expect.poll(() => seen.state().session?.status).toBe('ended')
  return created.value.id
}

const REFUSED =
  'exec 3<>/dev/tcp/127.0.0.1/3128; echo -e "CONNECT evil.example:443 HTTP/1.1\\r\\n\\r" >&3; read -t 5 x <&3; echo $x'

describe('the audit of a host', () => {
  test('says who refused what to whom, is found by words, and outlives the recording', async () => {
    const id = await run(REFUSED)
    const { entries, isLast } = await connection.api.audit.read({
      words: 'EVIL.example',
      before: null,
    })
    expect(isLast).toBe(true)
    expect(entries.filter(({ fact }) => fact.type === 'net/decided')).toMatchObject([
      {
        sessionId: id,
        destination: { host: 'evil.example', port: 443 },
        program: expect.stringContaining('bash') as unknown,
        fact: { type: 'net/decided', decision: { action: 'deny' } },
      },
    ])
    expect((await connection.api.session.remove({ id })).ok).toBe(true)
    const all = await connection.api.audit.read({ words: '', before: null })
    expect(all.entries.map(({ fact }) => fact.type)).toEqual([
      ...['recording/removed', 'session/ended', 'net/decided', 'session/created'],
    ])
    expect(await connection.api.audit.verify(null)).toEqual({ result: 'whole', entries: 4 })
    expect(await readdir(join(host.dataDir, 'recordings'))).toEqual([])
  })

  test('names what was changed in it', async () => {
    await run('true')
    const path = join(host.dataDir, 'audit.log')
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace('"unconfined"', '"os"').replace('bash -c', 'bash -x'))
    expect(await connection.api.audit.verify(null)).toMatchObject({ result: 'broken', line: 1 })
  })
})

describe('recordings', () => {
  test('are searched in what a terminal showed and in what happened', async () => {
    const id = await run(
      'printf "the \\033[1mneedle\\033[0m in the hay\\n"; touch hay$((40+2))stack; sleep 0.2; true',
    )
    const { hits: found } = await connection.api.recording.search({
      words: 'NEEDLE in the',
      from: null,
    })
    expect(found).toMatchObject([{ sessionId: id, place: 'terminal' }])
    expect(found[0]?.excerpt).toContain('the needle in the hay')
    const { hits: events } = await connection.api.recording.search({
      words: 'hay42stack',
      from: null,
    })
    expect(
      events.some(({ place, excerpt }) => place === 'event' && excerpt.startsWith('file/changed')),
    ).toBe(true)
    const none = await connection.api.recording.search({ words: 'never said', from: null })
    expect(none).toMatchObject({ hits: [], next: null })
  })

  test('that are too large together go, the oldest first, and really', async () => {
    const first = await run('head -c 700000 /dev/zero | tr "\\0" x')
    const second = await run('head -c 700000 /dev/zero | tr "\\0" y')
    const third = await run('head -c 700000 /dev/zero | tr "\\0" z')
    await connection.api.recording.setRetention({ days: null, bytes: 1_600_000, kept: [first] })
    const left = (await readdir(join(host.dataDir, 'recordings'))).sort()
    expect(left).toEqual([first, third].sort())
    expect(
      (await connection.api.recording.list(null)).map(({ session }) => session.id).sort(),
    ).toEqual(left)
    expect(await connection.api.recording.retention(null)).toMatchObject({ bytes: 1_600_000 })
    expect(second).not.toBe(third)
  })
})
