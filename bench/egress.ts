// What the gateway costs a connection: Cloche, srt's proxy and squid beside the same connection
// without a proxy, one after the other in each round. Argument: folder of the built entries.
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { NAME, runClient, runProxy } from './egress-worker.ts'

const GIGABYTE = 1_000_000_000
/** A multiple of the load's 64 threads. */
const AT_ONCE = 2048
const IN_ALL = 100_000

interface Way {
  readonly name: string
  readonly port: number
  /** What CONNECT asks for; `-`: no proxy. */
  readonly authority: string
  /** Resident bytes of the proxy; null: there is none, or it was not asked. */
  memory(): Promise<number | null>
  stop(): void
}

export interface EgressBench {
  readonly name: string
  readonly gigabytesPerSecond: number
  readonly roundTripUs: number
  readonly openUs: number
  /** Of 2,000 connections held at once, how many carried a byte. */
  readonly heldAtOnce: number
  /** Resident megabytes after 10,000 and after 100,000 connections; null: not asked. */
  readonly memory: readonly [number, number] | null
}

const [entries = '', peers = '', roundsText = '4', ...rest] = process.argv.slice(2)

async function started(child: ChildProcess): Promise<number> {
  const ended = once(child, 'exit').then(() => {
    throw new Error('a proxy did not start')
  })
  const [port] = await Promise.race([once(child, 'message'), ended])
  return Number(port)
}

async function proxyOf(kind: 'cloche' | 'srt', port: number, rootPid: number): Promise<Way> {
  const file =
    kind === 'srt'
      ? join(peers, '../@anthropic-ai/sandbox-runtime/dist/sandbox/http-proxy.js')
      : join(entries, '../native/socket-owners')
  const child = fork(process.argv[1] ?? '', [
    ...['worker', kind, String(port), file, String(rootPid)],
  ])
  return {
    name: kind === 'cloche' ? 'Cloche' : 'srt',
    port: await started(child),
    authority: kind === 'cloche' ? `${NAME}:443` : `127.0.0.1:${port}`,
    memory: async () => {
      child.send('memory')
      const [bytes] = await once(child, 'message')
      return Number(bytes)
    },
    stop: () => child.kill(),
  }
}

async function squid(port: number, scratch: string): Promise<Way | null> {
  if (!existsSync('/usr/sbin/squid')) return null
  const own = await freePort()
  const config = join(scratch, 'squid.conf')
  writeFileSync(
    config,
    [
      `http_port 127.0.0.1:${own}`,
      'acl all_ports port 1-65535',
      'http_access allow all_ports',
      'cache deny all',
      'access_log none',
      'cache_log /dev/null',
      'cache_store_log none',
      'max_filedescriptors 16384',
      `pid_filename ${join(scratch, 'squid.pid')}`,
      'shutdown_lifetime 0 seconds',
      '',
    ].join('\n'),
  )
  const child = spawn('/usr/sbin/squid', ['-N', '-f', config], { stdio: 'ignore' })
  for (let tries = 0; tries < 100 && !(await answers(own)); tries++) await sleep(100)
  return {
    name: 'squid',
    port: own,
    authority: `127.0.0.1:${port}`,
    memory: () => {
      const pages = readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ')[1]
      return Promise.resolve(Number(pages) * 4096)
    },
    stop: () => child.kill(),
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })

async function benchEgress(scratch: string, rounds: number): Promise<EgressBench[]> {
  const load = join(scratch, 'load')
  const source = join(entries, '../../bench/egress-load.c')
  execFileSync('gcc', ['-O2', '-pthread', source, '-o', load])
  const server = spawn(load, ['serve'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(server.stdout, 'data')
  const port = Number(line)
  const direct: Way = {
    ...{ name: 'direct', port, authority: '-' },
    memory: () => Promise.resolve(null),
    stop: () => undefined,
  }
  const peer = await squid(port, scratch)
  const client = fork(process.argv[1] ?? '', ['client'])
  const root = client.pid ?? 0
  const ways = [direct, await proxyOf('cloche', port, root), await proxyOf('srt', port, root)]
  if (peer) ways.push(peer)
  const run = async (what: string, way: Way, count: number): Promise<number[]> => {
    client.send([load, what, String(way.port), way.authority, String(count)])
    const [{ code, text }] = (await once(client, 'message')) as [{ code: number; text: string }]
    if (code !== 0) throw new Error(`${way.name}: ${what} failed`)
    return text.trim().split(' ').map(Number)
  }
  const seconds = new Map<Way, number[]>(ways.map((way) => [way, []]))
  const trips = new Map<Way, number[]>(ways.map((way) => [way, []]))
  const opens = new Map<Way, number[]>(ways.map((way) => [way, []]))
  for (let round = 0; round <= rounds; round++)
    for (const way of ways) {
      const [took = 0] = await run('get', way, GIGABYTE)
      const [trip = 0, open = 0] = await run('ping', way, 4000)
      if (round === 0) continue
      seconds.get(way)?.push(took)
      trips.get(way)?.push(trip)
      opens.get(way)?.push(open)
    }
  const results: EgressBench[] = []
  for (const way of ways) {
    console.error(`${way.name}: many connections`)
    const [heldAtOnce = 0] = await run('hold', way, AT_ONCE)
    await run('churn', way, IN_ALL / 10)
    const first = await way.memory()
    if (first !== null) await run('churn', way, (IN_ALL / 10) * 9)
    const last = await way.memory()
    results.push({
      name: way.name,
      gigabytesPerSecond: 1 / median(seconds.get(way) ?? []),
      roundTripUs: median(trips.get(way) ?? []),
      openUs: median(opens.get(way) ?? []),
      heldAtOnce,
      memory: first === null || last === null ? null : [first / 1e6, last / 1e6],
    })
  }
  for (const way of ways) way.stop()
  server.kill()
  client.kill()
  return results
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

export function egressTable(rows: readonly EgressBench[]): string {
  const [direct] = rows
  const lines = rows.map((row) =>
    [
      row.name.padEnd(10),
      `${row.gigabytesPerSecond.toFixed(2)} GB/s`.padStart(11),
      `${((row.gigabytesPerSecond / (direct?.gigabytesPerSecond ?? 1)) * 100).toFixed(0)} %`.padStart(
        7,
      ),
      `+${(row.roundTripUs - (direct?.roundTripUs ?? 0)).toFixed(0)} µs`.padStart(10),
      `+${(row.openUs - (direct?.openUs ?? 0)).toFixed(0)} µs`.padStart(11),
      `${row.heldAtOnce}`.padStart(8),
      row.memory ? `${row.memory.map((mb) => mb.toFixed(0)).join(' → ')} MB`.padStart(16) : '',
    ].join(''),
  )
  return [
    `Egress: 1 GB through a tunnel, one byte there and back, opening, ${AT_ONCE} at once,`,
    `and memory from ${IN_ALL / 10} to ${IN_ALL} connections`,
    ...lines,
  ].join('\n')
}

const [file = '', rootPid = ''] = rest
if (entries === 'worker') await runProxy(peers, Number(roundsText), file, Number(rootPid))
else if (entries === 'client') runClient()
else {
  const scratch = mkdtempSync(join(tmpdir(), 'cloche-bench-'))
  const results = await benchEgress(scratch, Number(roundsText))
  rmSync(scratch, { recursive: true, force: true })
  console.log(egressTable(results))
  process.send?.(results)
}
