import type { PolicyFile } from '../../../shared/domain/policy-file.ts'
import { fromSandbox, sandboxFile } from './claude.ts'
import { createMapping, type Mapped, recordOf } from './mapping.ts'
import { approximately, exactly, type Saying } from './saying.ts'

/** `~/.srt-settings.json`: a host that is not listed is refused there. */
export function fromSrt(settings: unknown): Mapped {
  const mapping = createMapping()
  const all = recordOf(settings)
  fromSandbox(mapping, all, '')
  if (recordOf(all['network'])['strictAllowlist'] === undefined)
    mapping.network('network', 'listed')
  return mapping.done()
}

export function toSrt({ network, allow = [], deny = [], files = [] }: PolicyFile): object {
  const of = (...kinds: string[]): string[] =>
    files
      .filter(({ access }) => kinds.includes(access))
      .map(({ path }) => (/^[/~]/.test(path) ? path : `./${path}`))
  return {
    network: { allowedDomains: network === 'closed' ? [] : allow, deniedDomains: deny },
    filesystem: { denyRead: of('deny', 'mask'), allowWrite: of('write'), denyWrite: of('read') },
  }
}

export const SRT_SAYING: Saying = {
  network: (mode) =>
    mode === 'ask'
      ? approximately(
          'network.allowedDomains',
          'hosts that are not listed are refused, not asked about',
        )
      : exactly('network.allowedDomains'),
  host: (kind) => exactly(kind === 'allow' ? 'network.allowedDomains' : 'network.deniedDomains'),
  file: (rule) => sandboxFile(rule, ''),
}
