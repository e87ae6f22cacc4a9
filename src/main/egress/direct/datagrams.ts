import type { Fact } from '../../../shared/domain/timeline.ts'
import type { NetCounters } from '../../core/ports.ts'

const LOOK_MS = 1000

/** Tells of datagrams that found nobody; whoever watches closes it, which looks a last time. */
export interface DatagramWatch {
  close(): Promise<void>
}

/**
 * Datagrams have no way out of a sandbox, and nothing of ours sees one: the kernel refuses each and
 * counts it. What is told grows by doubling, so that a program that never stops trying is a few
 * facts. It closes the counters of the sandbox's network.
 */
export function watchDatagrams(
  counters: Promise<NetCounters>,
  report: (fact: Fact) => void,
): DatagramWatch {
  let first: number | null = null
  let next = 1
  const look = async (): Promise<void> => {
    const all = refusedIn(await (await counters).read())
    first ??= all
    const count = all - first
    if (count < next) return
    next = count * 2
    report({ type: 'net/datagrams', count })
  }
  let latest = look()
  const timer = setInterval(() => {
    latest = latest.then(look)
  }, LOOK_MS)
  return {
    close: async () => {
      clearInterval(timer)
      await latest.then(look)
      await (await counters).close()
    },
  }
}

/** Datagrams for which nobody listened, in the words of /proc/net/snmp and snmp6. */
export function refusedIn(tables: string): number {
  const lines = tables.split('\n').map((line) => line.trim().split(/\s+/))
  let count = 0
  for (const [i, words] of lines.entries()) {
    const [name = '', ...rest] = words
    if (/^Udp(Lite)?6NoPorts$/.test(name)) count += Number(rest[0])
    // Names and numbers are two lines that begin alike.
    if (!/^Udp(Lite)?:$/.test(name) || lines[i + 1]?.[0] !== name) continue
    const at = words.indexOf('NoPorts')
    if (at > 0) count += Number(lines[i + 1]?.[at] ?? 0)
  }
  return count
}
