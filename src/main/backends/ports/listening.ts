import { readFile } from 'node:fs/promises'

const LISTENING = '0A'

/** Each line below the heading: number, own ADDRESS:PORT and the other end's in hex, state, … */
export function listeningPorts(table: string): number[] {
  const ports: number[] = []
  for (const line of table.split('\n').slice(1)) {
    const [, own, , state] = line.trim().split(/\s+/)
    const port = Number.parseInt(own?.split(':')[1] ?? '', 16)
    if (state === LISTENING && port > 0) ports.push(port)
  }
  return ports
}

/** Ports that programs in the network of `pid` listen on, but for our own. */
export async function readListening(pid: number, own: readonly number[]): Promise<number[]> {
  const tables = TCP_TABLES.map((name) =>
    readFile(`/proc/${pid}/net/${name}`, 'utf8').catch(() => ''),
  )
  return othersIn(await Promise.all(tables), own)
}

export const TCP_TABLES = ['tcp', 'tcp6'] as const

/** Pure: the ports of the tables, without `own`. */
export function othersIn(tables: readonly string[], own: readonly number[]): number[] {
  const ports = new Set(tables.flatMap(listeningPorts))
  return [...ports].filter((port) => !own.includes(port)).sort((a, b) => a - b)
}
