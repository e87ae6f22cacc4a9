import type { ProcFiles } from '../../src/main/core/ports.ts'

export interface FakeProcess {
  readonly ppid: number
  readonly startTicks?: number
  readonly state?: string
  readonly argv?: readonly string[]
  readonly exe?: string
  readonly cwd?: string
  readonly namespace?: string
  readonly environment?: string
  /** Where its descriptors lead; those that end in `!` are open for writing. */
  readonly fds?: Readonly<Record<string, string>>
  readonly tcp?: string
}

export const FIRST_NAMESPACE = 'pid:[1]'

/** The /proc of a kernel that is no machine's. It may be changed while it is read. */
export function fakeProc(processes: Map<number, FakeProcess>, uptimeSeconds = 100): ProcFiles {
  const at = (path: string): { pid: number; name: string; process: FakeProcess } | null => {
    const [, number = '', name = ''] = /^\/proc\/(\d+)\/(.*)$/.exec(path) ?? []
    const process = processes.get(Number(number))
    return process ? { pid: Number(number), name, process } : null
  }

  const textOf = (path: string): string | null => {
    if (path === '/proc/uptime') return `${uptimeSeconds} 1.0\n`
    const found = at(path)
    if (!found) return null
    const { pid, name, process } = found
    const children = [...processes].filter(([, { ppid }]) => ppid === pid).map(([child]) => child)
    const [, written] = /^fdinfo\/(.+)$/.exec(name) ?? []
    if (written)
      return `pos:\t0\nflags:\t${process.fds?.[written]?.endsWith('!') ? '0100001' : '0100000'}\n`
    const texts: Readonly<Record<string, string | undefined>> = {
      stat: statLine(pid, process),
      status: 'Name:\tx\nUid:\t1000\t1000\nThreads:\t3\n',
      cmdline: process.argv?.map((word) => `${word}\0`).join('') ?? '',
      environ: process.environment,
      io: 'rchar: 11\nwchar: 22\n',
      'net/tcp': process.tcp,
      [`task/${pid}/children`]: children.join(' '),
    }
    return texts[name] ?? null
  }

  return {
    read: async (path, limit) => {
      const text = textOf(path)
      return text === null ? null : Buffer.from(text).subarray(0, limit)
    },
    link: async (path) => {
      const found = at(path)
      const links: Readonly<Record<string, string | undefined>> = {
        exe: found?.process.exe,
        cwd: found?.process.cwd,
        'ns/pid': found?.process.namespace ?? FIRST_NAMESPACE,
      }
      return (found && links[found.name]) ?? null
    },
    list: async (path) =>
      path === '/proc' ? ['uptime', ...[...processes.keys()].map(String)] : null,
    links: async (path, limit) => {
      const found = at(path)
      if (found?.name !== 'fd' || !found.process.fds) return null
      const links = Object.entries(found.process.fds)
      return new Map(links.slice(0, limit).map(([fd, target]) => [fd, target.replace(/!$/, '')]))
    },
  }
}

function statLine(pid: number, { ppid, state = 'S', startTicks = 50, argv }: FakeProcess): string {
  const values: Readonly<Record<number, string | number>> = {
    3: state,
    4: ppid,
    14: 7,
    20: 1,
    22: startTicks,
    24: 2,
  }
  const fields = Array.from({ length: 50 }, (_, index) => values[index + 3] ?? 0)
  return `${pid} (${argv?.[0] ?? 'x'}) ${fields.join(' ')}\n`
}
