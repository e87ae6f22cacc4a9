import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type Docker from 'dockerode'
import type { Log } from '../../core/ports.ts'
import { startTicks } from '../kernel-facts.ts'
import { connectEngine, findEngines } from './engines.ts'
import { LABEL } from './labels.ts'

/** This process as nothing else is ever called: its number, when it started, and in which boot. */
export async function ownerOf(pid: number): Promise<string | null> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  const ticks = await startTicks(pid)
  return ticks === null ? null : `${pid}.${ticks}.${boot.trim()}`
}

/**
 * Removes containers whose host was killed; those of one that still runs are its own. One that a person
 * made from an image of ours has the image's labels, which name no host.
 */
export async function sweepContainers(
  env: Readonly<Record<string, string | undefined>>,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  for (const engine of await findEngines(env)) {
    if (engine.state !== 'answers') continue
    const client = connectEngine(engine.socket)
    const filters = { label: [LABEL.owner] }
    for (const { Id, Labels } of await client.listContainers({ all: true, filters })) {
      if (signal.aborted) return
      const owner = Labels[LABEL.owner] ?? ''
      if (owner === '') continue
      if (owner === (await ownerOf(Number.parseInt(owner, 10)))) continue
      await removeContainer(client.getContainer(Id))
      log.info(`a container that a host left behind was removed: ${Labels[LABEL.session] ?? Id}`)
    }
  }
}

const REMOVE_MS = 10_000
const AGAIN_MS = 50

/** Ends and removes it with its anonymous volumes; gone already is as good. */
export async function removeContainer(container: Docker.Container): Promise<void> {
  const end = performance.now() + REMOVE_MS
  for (;;) {
    try {
      return void (await container.remove({ force: true, v: true }))
    } catch (cause) {
      const status = cause instanceof Error && 'statusCode' in cause ? cause.statusCode : null
      if (status === 404) return
      // Its end or its removal is under way, and the engine was caught between the two.
      const isPassing = status === 409 || status === 500
      if (!isPassing || performance.now() > end) throw cause
      await sleep(AGAIN_MS)
    }
  }
}
