import { create } from 'zustand'
import type { SessionId } from '../../shared/domain/ids.ts'
import { type Outline, outlineOf } from '../../shared/recording/compare.ts'
import { hostSource, type RecordingSource } from './recording-source.ts'

/** One of the two recordings that are compared. */
export interface Side {
  readonly id: SessionId
  readonly outline: Outline
  readonly source: RecordingSource
}

interface Comparison {
  /** The first one, while the second is still to be chosen. */
  readonly first: SessionId | null
  readonly status: 'idle' | 'loading' | 'failed'
  readonly sides: readonly [a: Side, b: Side] | null
}

const NOTHING: Comparison = { first: null, status: 'idle', sides: null }

export const useComparison = create<Comparison>(() => NOTHING)

export const endComparison = (): void => useComparison.setState(NOTHING)

/** The first call remembers a recording, the second compares it with that one. */
export async function compareWith(id: SessionId): Promise<void> {
  const { first } = useComparison.getState()
  if (first === id) return endComparison()
  if (first === null) return useComparison.setState({ first: id })
  useComparison.setState({ status: 'loading' })
  try {
    const sides = await Promise.all([sideOf(first), sideOf(id)])
    // Another was begun, or it was given up.
    if (useComparison.getState().first === first) useComparison.setState({ status: 'idle', sides })
  } catch {
    if (useComparison.getState().first === first) useComparison.setState({ status: 'failed' })
  }
}

async function sideOf(id: SessionId): Promise<Side> {
  const source = hostSource(id)
  return { id, source, outline: outlineOf(await source.events(() => false)) }
}
