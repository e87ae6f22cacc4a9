import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { AgentInfo } from '../../shared/domain/agent.ts'
import { AGENTS, type AgentDescriptor } from './descriptors.ts'
import { readVersion } from './locate.ts'
import { findAgent, findShell } from './program.ts'

export interface ListOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
}

/** Every known agent, with where it was found. Nothing of the workspace is executed. */
export const listAgents = (options: ListOptions, workspace: string | null): Promise<AgentInfo[]> =>
  Promise.all(AGENTS.map((agent) => describe(agent, options, workspace)))

async function describe(
  agent: AgentDescriptor,
  { env, home }: ListOptions,
  workspace: string | null,
): Promise<AgentInfo> {
  const signIn: string[] = []
  for (const file of agent.signIn) {
    const info = await stat(join(home, file)).catch(() => null)
    if (info?.isFile()) signIn.push(`~/${file}`)
  }
  const common = {
    id: agent.id,
    name: agent.name,
    install: agent.install,
    hosts: [...agent.hosts],
    signIn,
    canResume: agent.resumeArgs !== null,
  }
  if (agent.id === 'command')
    return { ...common, executable: null, foundIn: 'builtin', version: null }
  if (agent.id === 'shell') {
    const shell = await findShell(env)
    return {
      ...common,
      executable: shell?.target ?? null,
      foundIn: shell && 'builtin',
      version: null,
    }
  }
  const found = await findAgent(agent, { env, workspace })
  return {
    ...common,
    executable: found?.executable.path ?? null,
    foundIn: found?.foundIn ?? null,
    version: found && (await readVersion(found.executable.target, agent.package)),
  }
}
