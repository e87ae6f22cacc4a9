import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostPreset, PresetHost } from '../../shared/domain/policy.ts'
import { parseAllowPattern } from '../core/policy/match.ts'
import { AGENTS } from './descriptors.ts'

/** What a tool of the machine answers; empty where there is none, or it takes too long. */
export type Say = (tool: string, args: readonly string[]) => Promise<string>

/** How a tool says where it fetches from; what it says nothing of is its documented default. */
interface Registry {
  readonly id: string
  readonly title: string
  readonly why: string
  readonly ask: (say: Say, env: NodeJS.ProcessEnv, home: string) => Promise<readonly string[]>
}

const REGISTRIES: readonly Registry[] = [
  {
    id: 'npm',
    title: 'npm packages',
    why: 'npm’s registry',
    ask: async (say) => urlsIn(await say('npm', ['config', 'get', 'registry'])),
  },
  {
    id: 'pip',
    title: 'Python packages',
    why: 'pip’s index',
    ask: async (say, env) => {
      const index = urlsIn(await say('pip', ['config', 'get', 'global.index-url']))
      const found = index.length > 0 ? index : [env.PIP_INDEX_URL ?? 'https://pypi.org/simple']
      // The public index only lists; the files themselves are elsewhere.
      return found.some((url) => url.includes('//pypi.org/'))
        ? [...found, 'https://files.pythonhosted.org']
        : found
    },
  },
  {
    id: 'cargo',
    title: 'Rust crates',
    why: 'Cargo’s registry',
    ask: async (_say, _env, home) => {
      const config = await readFile(join(home, '.cargo/config.toml'), 'utf8').catch(() => '')
      const own = urlsIn(config.match(/^\s*registry\s*=\s*"([^"]+)"/gm)?.join(' ') ?? '')
      return own.length > 0
        ? own
        : ['https://index.crates.io', 'https://static.crates.io', 'https://crates.io']
    },
  },
  {
    id: 'go',
    title: 'Go modules',
    why: 'Go’s module proxy',
    ask: async (say) => {
      const proxies = urlsIn(await say('go', ['env', 'GOPROXY', 'GOSUMDB']))
      return proxies.length > 0 ? proxies : ['https://proxy.golang.org', 'https://sum.golang.org']
    },
  },
]

const GITHUB: HostPreset = {
  id: 'github',
  title: 'GitHub',
  hosts: [
    { host: 'github.com', why: 'pages and Git over HTTPS' },
    { host: 'api.github.com', why: 'the API' },
    { host: 'codeload.github.com', why: 'archives' },
    { host: '*.githubusercontent.com', why: 'files and releases' },
  ],
}

/**
 * Lists of hosts a person can read and take. Registries are asked of the tools themselves, now,
 * because a machine may use a mirror.
 */
export async function readPresets(
  say: Say,
  env: NodeJS.ProcessEnv,
  home: string,
): Promise<HostPreset[]> {
  const registries = await Promise.all(
    REGISTRIES.map(async ({ id, title, why, ask }) => {
      const hosts = [...new Set((await ask(say, env, home)).flatMap(hostOf))]
      return { id, title, hosts: hosts.map((host) => ({ host, why })) }
    }),
  )
  const agents = AGENTS.filter(({ hosts }) => hosts.length > 0).map(({ id, name, hosts }) => ({
    ...{ id: `agent-${id}`, title: name, hosts: [...hosts] },
  }))
  return [...registries, GITHUB, ...agents].filter(({ hosts }) => hosts.length > 0)
}

function hostOf(url: string): PresetHost['host'][] {
  if (!URL.canParse(url)) return []
  const pattern = parseAllowPattern(new URL(url).hostname)
  return pattern.ok ? [pattern.value] : []
}

const urlsIn = (text: string): string[] => text.match(/https?:\/\/[^\s,|"']+/g) ?? []
