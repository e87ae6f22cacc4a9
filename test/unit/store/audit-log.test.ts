import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { AuditStore } from '../../../src/main/core/ports.ts'
import { FIRST_LINK, linkOf, verifyChain } from '../../../src/main/store/audit-chain.ts'
import { openAuditLog, verifyAudit } from '../../../src/main/store/audit-log.ts'
import { sessionId, temporaryFolder } from '../../helpers/recording.ts'

const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
const entry = (title: string): Parameters<AuditStore['append']>[0] => ({
  ...{ atMs: 1, sessionId: sessionId(1), title, workspace: '/w', destination: null, program: null },
  fact: { type: 'port/closed', port: 80 },
})

/** A folder whose log holds so many entries. */
async function written(count: number) {
  const folder = await temporaryFolder()
  const store = await openAuditLog(folder.path, log)
  for (let n = 0; n < count; n++) store.append(entry(`session ${n}`))
  await store.close()
  const path = join(folder.path, 'audit.log')
  return { folder, path, text: await readFile(path, 'utf8') }
}

describe('the audit', () => {
  test('is whole as it was written, and goes on in the next run', async () => {
    const { folder } = await written(3)
    await using _ = folder
    const store = await openAuditLog(folder.path, log)
    store.append(entry('later'))
    expect(await store.verify()).toEqual({ result: 'whole', entries: 4 })
    expect((await store.read('')).map(({ n, title }) => [n, title])).toEqual([
      ...[0, 1, 2].map((n) => [n + 1, `session ${n}`]),
      [4, 'later'],
    ])
    await store.close()
    expect(await verifyAudit(folder.path)).toEqual({ result: 'whole', entries: 4 })
  })

  test('is whole while there is none', async () => {
    await using folder = await temporaryFolder()
    expect(await verifyAudit(folder.path)).toEqual({ result: 'whole', entries: 0 })
  })

  test('names the first broken link for every byte that is changed', async () => {
    const { folder, path, text } = await written(3)
    await using _ = folder
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = bytes[at] === 0x41 ? 0x42 : 0x41
      await writeFile(path, changed)
      const line = bytes.subarray(0, at).filter((byte) => byte === 0x0a).length + 1
      expect(await verifyAudit(folder.path), `byte ${at}`).toMatchObject({ result: 'broken', line })
    }
  })

  test.each([
    ['one in the middle is taken out', ([a, , c]: string[]) => [a, c], 2, 'removed'],
    ['the last one is cut off', ([a, b]: string[]) => [a, b], 3, 'cut off'],
    ['all are', () => [], 1, 'cut off'],
    ['two change places', ([a, b, c]: string[]) => [b, a, c], 1, 'removed or put in'],
    ['one is there twice', ([a, b, c]: string[]) => [a, b, b, c], 3, 'put in'],
  ])('says so when %s', async (_, change, line, detail) => {
    const { folder, path, text } = await written(3)
    await using __ = folder
    await writeFile(
      path,
      change(text.trimEnd().split('\n'))
        .map((item) => `${item}\n`)
        .join(''),
    )
    expect(await verifyAudit(folder.path)).toEqual({
      ...{ result: 'broken', line },
      detail: expect.stringContaining(detail) as unknown,
    })
  })

  test('that was written anew as a whole does not fit its head', async () => {
    const { folder, path, text } = await written(2)
    await using _ = folder
    let previous = FIRST_LINK
    const forged = text
      .trimEnd()
      .split('\n')
      .map((item) => {
        const json = item.slice(65).replace('"title":"session', '"title":"forged')
        previous = linkOf(previous, json)
        return `${previous} ${json}\n`
      })
    await writeFile(path, forged.join(''))
    expect(
      verifyChain(
        forged.map((item) => item.trimEnd()),
        null,
      ),
    ).toMatchObject({ result: 'whole' })
    expect(await verifyAudit(folder.path)).toMatchObject({ result: 'broken', line: 2 })
  })

  test('whose last line was torn loses that line only', async () => {
    const { folder, path } = await written(2)
    await using _ = folder
    await appendFile(path, `${'0'.repeat(64)} {"n":3,"at`)
    const store = await openAuditLog(folder.path, log)
    store.append(entry('next'))
    expect(await store.verify()).toEqual({ result: 'whole', entries: 3 })
    await store.close()
  })

  test('whose end was cut off while nobody ran stays broken, whatever is written after', async () => {
    const { folder, path, text } = await written(3)
    await using _ = folder
    await writeFile(path, text.split('\n').slice(0, 2).join('\n') + '\n')
    const store = await openAuditLog(folder.path, log)
    store.append(entry('next'))
    expect(await store.verify()).toMatchObject({ result: 'broken', line: 3 })
    await store.close()
  })
})
