import { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { z } from 'zod'
import type { ContainerUsage } from '../../../shared/domain/engine.ts'
import { engineLines } from './engine-lines.ts'

const Cpu = z.object({
  cpu_usage: z.object({ total_usage: z.number() }),
  system_cpu_usage: z.number().optional(),
  online_cpus: z.number().optional(),
})
const Stats = z.object({
  cpu_stats: Cpu,
  precpu_stats: Cpu,
  memory_stats: z.object({
    usage: z.number().optional(),
    stats: z.record(z.string(), z.number()).optional(),
  }),
  blkio_stats: z
    .object({
      io_service_bytes_recursive: z
        .array(z.object({ op: z.string(), value: z.number() }))
        .nullable()
        .optional(),
    })
    .optional(),
  pids_stats: z.object({ current: z.number().optional() }).optional(),
})

/** null: it is no measurement. Nothing is shared out between a first measurement and no other. */
export function usageOf(said: unknown, atMs: number): ContainerUsage | null {
  const stats = Stats.safeParse(said).data
  if (!stats) return null
  const { cpu_stats: now, precpu_stats: before } = stats
  const own = now.cpu_usage.total_usage - before.cpu_usage.total_usage
  const all = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0)
  const isSecond = before.system_cpu_usage !== undefined && all > 0
  const { usage = 0, stats: parts = {} } = stats.memory_stats
  // As the engine's own client counts: what the kernel would give back at once is not in use.
  const cache = parts['total_inactive_file'] ?? parts['inactive_file'] ?? 0
  const sum = (wanted: string): number =>
    (stats.blkio_stats?.io_service_bytes_recursive ?? [])
      .filter(({ op }) => op.toLowerCase() === wanted)
      .reduce((total, { value }) => total + value, 0)
  return {
    atMs,
    cpuPercent: isSecond ? (own / all) * (now.online_cpus ?? 1) * 100 : 0,
    memoryBytes: Math.max(0, usage - cache),
    readBytes: sum('read'),
    writtenBytes: sum('write'),
    processes: stats.pids_stats?.current ?? 0,
  }
}

/** Tells about once a second until the container ends or the signal comes. Rejects when it cannot. */
export async function followUsage(
  container: Docker.Container,
  told: (usage: ContainerUsage) => void,
  signal: AbortSignal,
): Promise<void> {
  const stats = await container.stats({ stream: true })
  signal.addEventListener('abort', () => end(stats))
  if (signal.aborted) return end(stats)
  for await (const line of engineLines(stats)) {
    const usage = usageOf(JSON.parse(line), Date.now())
    if (usage) told(usage)
  }
}

/** The engine's stream is a request of its own; its client's types hide that. */
const end = (stream: NodeJS.ReadableStream): void => {
  if (stream instanceof Readable) stream.destroy()
}
