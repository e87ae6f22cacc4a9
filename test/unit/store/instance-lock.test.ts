import { spawn } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lockInstance } from '../../../src/main/store/instance-lock.ts'
import { temporaryFolder } from '../../helpers/recording.ts'

const FILE = 'instance.lock'

describe('instance lock', () => {
  it('lets one in, names it to the second, and is free after it', async () => {
    await using folder = await temporaryFolder()
    const first = await lockInstance(folder.path)
    expect(first.ok).toBe(true)
    expect(await lockInstance(folder.path)).toEqual({
      ok: false,
      error: { type: 'already_running', pid: process.pid },
    })
    if (first.ok) await first.value.release()
    expect(await readdir(folder.path)).toEqual([])
    expect((await lockInstance(folder.path)).ok).toBe(true)
  })

  it('lets exactly one of many in, also over a stale lock', async () => {
    for (let round = 0; round < 25; round++) {
      await using folder = await temporaryFolder()
      await writeFile(join(folder.path, FILE), '{"pid":4194304,"startTicks":1,"bootId":"b"}')
      const results = await Promise.all(Array.from({ length: 20 }, () => lockInstance(folder.path)))
      expect(results.filter(({ ok }) => ok).length).toBe(1)
      expect(await readdir(folder.path)).toEqual([FILE])
    }
  })

  it('takes over what a dead process, a reused number or damage left', async () => {
    await using folder = await temporaryFolder()
    const child = spawn('sleep', ['60'])
    const lock = await lockInstance(folder.path)
    const mine = JSON.parse(await readFile(join(folder.path, FILE), 'utf8')) as object
    if (lock.ok) await lock.value.release()
    const living = { ...mine, pid: child.pid, startTicks: await startTicks(child.pid) }
    for (const [text, isFree] of [
      [JSON.stringify(living), false],
      [JSON.stringify({ ...living, startTicks: living.startTicks - 1 }), true],
      [JSON.stringify({ ...living, bootId: 'another boot' }), true],
      ['{"pid":', true],
    ] as const) {
      await writeFile(join(folder.path, FILE), text)
      const taken = await lockInstance(folder.path)
      expect(taken.ok, text).toBe(isFree)
      if (taken.ok) await taken.value.release()
    }
    child.kill('SIGKILL')
  })
})

async function startTicks(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
}
