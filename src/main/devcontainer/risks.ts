import type { DevContainerRisk } from '../../shared/domain/dev-container.ts'
import type { Configuration } from './configuration.ts'

export const NOT_GRANTED = 'Not granted: the boundary stays as it is.'

/** What a configuration asks for that would open the wall. Nothing of it is given. */
export function risksOf(config: Configuration): DevContainerRisk[] {
  const risks: DevContainerRisk[] = []
  const add = (asks: string, answer = NOT_GRANTED): number => risks.push({ asks, answer })
  if (config.privileged) add('privileged: everything of this machine')
  for (const name of config.capAdd ?? []) add(`capAdd: the kernel capability ${name}`)
  for (const option of config.securityOpt ?? []) add(`securityOpt: ${option}`)
  for (const argument of argumentsOf(config.runArgs ?? [])) add(`runArgs: ${argument}`)
  for (const mount of config.mounts ?? []) {
    const text = typeof mount === 'string' ? mount : textOfMount(mount)
    risks.push(riskOfMount('mounts', text, /(^|,)type=volume(,|$)/.test(text)))
  }
  if (config.workspaceMount !== undefined && config.workspaceMount !== '')
    add(`workspaceMount: ${config.workspaceMount}`, 'The folder is mounted where it is here.')
  return risks
}

/** `key`: where it is asked for. */
export function riskOfMount(key: string, text: string, isVolume: boolean): DevContainerRisk {
  if (/docker\.sock|podman\.sock|containerd\.sock/.test(text))
    return {
      asks: `${key}: the engine’s socket, which is as much as being root (${text})`,
      answer: NOT_GRANTED,
    }
  if (isVolume)
    return { asks: `${key}: a volume (${text})`, answer: 'Not mounted: each session begins anew.' }
  return {
    asks: `${key}: ${text}`,
    answer:
      'Not mounted: the workspace is where it is here, and a file rule lets another folder in, if you want that.',
  }
}

/** `--cap-add SYS_PTRACE` is one of them. */
function argumentsOf(words: readonly string[]): string[] {
  const found: string[] = []
  for (const word of words) {
    const last = found.at(-1)
    if (!word.startsWith('-') && last !== undefined && /^-\S+$/.test(last) && !last.includes('='))
      found[found.length - 1] = `${last} ${word}`
    else found.push(word)
  }
  return found
}

const textOfMount = (mount: {
  readonly type?: string | undefined
  readonly source?: string | undefined
  readonly target: string
}): string =>
  [
    ...(mount.type ? [`type=${mount.type}`] : []),
    ...(mount.source ? [`source=${mount.source}`] : []),
    `target=${mount.target}`,
  ].join(',')
