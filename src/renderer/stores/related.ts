import type { ConnectionId, PromptId } from '../../shared/domain/ids.ts'
import type { ProcessKey } from '../../shared/domain/process.ts'
import type { Fact, TimelineEvent } from '../../shared/domain/timeline.ts'

/** What an event belongs to: everything that names one of these belongs to it too. */
interface Ties {
  readonly connections: Set<ConnectionId>
  readonly prompts: Set<PromptId>
  readonly processes: Set<ProcessKey>
  readonly paths: Set<string>
}

/** Others are left out: a person follows a thread, not a log. */
const MOST_RELATED = 40

/**
 * Causes and effects of an event, in their order, itself among them: the process that acted, what it
 * asked for, the prompt that was raised, the decision, and what came of it.
 */
export function relatedTo(events: readonly TimelineEvent[], event: TimelineEvent): TimelineEvent[] {
  const ties = tiesOf(events, event)
  if (!ties) return []
  const found = events.filter(({ fact, seq }) => seq === event.seq || belongs(fact, ties))
  // The nearest are the likeliest: half of them before, half after.
  const at = found.findIndex(({ seq }) => seq === event.seq)
  const from = Math.max(0, Math.min(at - MOST_RELATED / 2, found.length - MOST_RELATED))
  const near = found.slice(from, from + MOST_RELATED)
  return near.length > 1 ? near : []
}

function tiesOf(events: readonly TimelineEvent[], { fact }: TimelineEvent): Ties | null {
  const ties: Ties = {
    ...{ connections: new Set(), prompts: new Set() },
    ...{ processes: new Set(), paths: new Set() },
  }
  if ('connectionId' in fact) ties.connections.add(fact.connectionId)
  else if (fact.type === 'prompt/raised') ties.prompts.add(fact.request.id)
  else if (fact.type === 'prompt/answered') ties.prompts.add(fact.promptId)
  else if ('question' in fact) {
    ties.prompts.add(fact.question.id)
    if (fact.question.requester) ties.processes.add(fact.question.requester.process.key)
  } else if (fact.type === 'proc/started') ties.processes.add(fact.node.key)
  else if (fact.type === 'file/changed') {
    ties.paths.add(fact.path)
    if (fact.writer) ties.processes.add(fact.writer)
  } else if ('key' in fact && fact.key !== null) ties.processes.add(fact.key)
  else return null
  // A prompt stands for connections, and those for who asked: each leads to the next.
  if (ties.connections.size + ties.prompts.size > 0)
    for (const { fact: other } of events) {
      if (other.type === 'prompt/raised') {
        const { id, connections, requester } = other.request
        if (!ties.prompts.has(id) && !connections.some((item) => ties.connections.has(item)))
          continue
        ties.prompts.add(id)
        for (const item of connections) ties.connections.add(item)
        if (requester) ties.processes.add(requester.process.key)
      } else if (other.type === 'prompt/joined') {
        if (ties.connections.has(other.connectionId)) ties.prompts.add(other.promptId)
        else if (ties.prompts.has(other.promptId)) ties.connections.add(other.connectionId)
      } else if (other.type === 'net/requested') {
        if (ties.connections.has(other.connectionId) && other.requester)
          ties.processes.add(other.requester.process.key)
      }
    }
  return ties
}

function belongs(fact: Fact, ties: Ties): boolean {
  switch (fact.type) {
    case 'proc/started':
      return ties.processes.has(fact.node.key)
    case 'proc/exec':
    case 'proc/ended':
      return ties.processes.has(fact.key)
    case 'prompt/raised':
      return ties.prompts.has(fact.request.id)
    case 'prompt/answered':
      return ties.prompts.has(fact.promptId)
    case 'question/asked':
    case 'question/settled':
      return ties.prompts.has(fact.question.id)
    case 'file/changed':
      return ties.paths.size > 0
        ? ties.paths.has(fact.path) || (fact.from !== null && ties.paths.has(fact.from))
        : ties.connections.size === 0 && fact.writer !== null && ties.processes.has(fact.writer)
    case 'net/requested':
      // Of a process: all it asked for. Of a connection: itself.
      return ties.connections.size > 0 || ties.paths.size > 0
        ? ties.connections.has(fact.connectionId)
        : fact.requester !== null && ties.processes.has(fact.requester.process.key)
    default:
      return 'connectionId' in fact && ties.connections.has(fact.connectionId)
  }
}
