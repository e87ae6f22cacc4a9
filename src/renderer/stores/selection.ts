import { create } from 'zustand'
import type { ConnectionId, PromptId } from '../../shared/domain/ids.ts'
import type { ProcessKey } from '../../shared/domain/process.ts'
import type { Fact } from '../../shared/domain/timeline.ts'

/** What an event is about; tree, network list and timeline show the same one selected. */
export type Subject =
  | { readonly kind: 'process'; readonly key: ProcessKey }
  | { readonly kind: 'connection'; readonly id: ConnectionId }
  | { readonly kind: 'prompt'; readonly id: PromptId }
  | { readonly kind: 'file'; readonly path: string }

interface Selection {
  readonly subject: Subject | null
  /** Number of the selected event. */
  readonly seq: number | null
}

export const useSelection = create<Selection>(() => ({ subject: null, seq: null }))

export const select = (subject: Subject | null, seq: number | null): void =>
  useSelection.setState({ subject, seq })

export const isSame = (a: Subject | null, b: Subject | null): boolean =>
  a !== null && b !== null && a.kind === b.kind && idOf(a) === idOf(b)

export function idOf(subject: Subject): string {
  if (subject.kind === 'process') return subject.key
  return subject.kind === 'file' ? subject.path : subject.id
}

export function subjectOf(fact: Fact): Subject | null {
  switch (fact.type) {
    case 'proc/started':
      return { kind: 'process', key: fact.node.key }
    case 'proc/exec':
    case 'proc/reparented':
    case 'proc/ended':
      return { kind: 'process', key: fact.key }
    case 'net/requested':
    case 'net/decided':
    case 'net/opened':
    case 'net/failed':
    case 'net/carried':
    case 'net/refused':
    case 'net/exchange':
    case 'net/closed':
      return { kind: 'connection', id: fact.connectionId }
    case 'file/changed':
      return fact.isFolder ? null : { kind: 'file', path: fact.path }
    case 'prompt/raised':
      return { kind: 'prompt', id: fact.request.id }
    case 'question/asked':
    case 'question/settled':
      return { kind: 'prompt', id: fact.question.id }
    case 'prompt/joined':
    case 'prompt/answered':
      return { kind: 'prompt', id: fact.promptId }
    default:
      return null
  }
}
