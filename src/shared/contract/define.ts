import type { z } from 'zod'
import type { Result } from '../result.ts'

/** Of a call that copies a workspace, or boots a machine on a processor that is emulated. */
export const SLOW_MS = 300_000
/** Of a start, before which a large image may become the disk of a machine. */
export const START_MS = 1_800_000

/** Asks; changes nothing. */
export interface Query<I extends z.ZodType, O extends z.ZodType> {
  readonly kind: 'query'
  readonly input: I
  readonly output: O
}

/** Changes something; the outcome is a Result. Never sent twice: a lost connection is a fault. */
export interface Command<I extends z.ZodType, O extends z.ZodType, X extends z.ZodType> {
  readonly kind: 'command'
  readonly input: I
  readonly output: O
  readonly error: X
  /** Milliseconds after which it is given up, where that is not what every call has. */
  readonly mayTakeMs?: number
}

/** Starts with a snapshot, then deltas, each with the `seq` that orders it. */
export interface Stream<K extends z.ZodType, S extends z.ZodType, D extends z.ZodType> {
  readonly kind: 'stream'
  readonly key: K
  readonly snapshot: S
  readonly delta: D
}

export type Endpoint =
  | Query<z.ZodType, z.ZodType>
  | Command<z.ZodType, z.ZodType, z.ZodType>
  | Stream<z.ZodType, z.ZodType, z.ZodType>

export type Contract = Readonly<Record<string, Readonly<Record<string, Endpoint>>>>

export const query = <I extends z.ZodType, O extends z.ZodType>(shape: {
  input: I
  output: O
}): Query<I, O> => ({ kind: 'query', ...shape })

export const command = <I extends z.ZodType, O extends z.ZodType, X extends z.ZodType>(shape: {
  input: I
  output: O
  error: X
  mayTakeMs?: number
}): Command<I, O, X> => ({ kind: 'command', ...shape })

export const stream = <K extends z.ZodType, S extends z.ZodType, D extends z.ZodType>(shape: {
  key: K
  snapshot: S
  delta: D
}): Stream<K, S, D> => ({ kind: 'stream', ...shape })

export const defineContract = <const C extends Contract>(contract: C): C => contract

export type Frame<S, D> =
  | { readonly type: 'snapshot'; readonly seq: number; readonly state: S }
  | { readonly type: 'delta'; readonly seq: number; readonly change: D }

export type Unsubscribe = () => void

type ClientEndpoint<E> =
  E extends Query<infer I, infer O>
    ? (input: z.input<I>, signal?: AbortSignal) => Promise<z.output<O>>
    : E extends Command<infer I, infer O, infer X>
      ? (input: z.input<I>, signal?: AbortSignal) => Promise<Result<z.output<O>, z.output<X>>>
      : E extends Stream<infer K, infer S, infer D>
        ? (
            key: z.input<K>,
            onFrame: (frame: Frame<z.output<S>, z.output<D>>) => void,
          ) => Unsubscribe
        : never

export type ClientOf<C extends Contract> = {
  readonly [G in keyof C]: { readonly [E in keyof C[G]]: ClientEndpoint<C[G][E]> }
}

/** What the connection is, established once at hand-over; handlers never authenticate. */
export interface Caller {
  readonly clientId: string
  readonly shell: 'electron' | 'web' | 'cli'
}

/** A running subscription's source: pushes a snapshot first, then deltas with rising `seq`. */
export type StreamSource<S, D> = (push: (frame: Frame<S, D>) => void) => Unsubscribe

type HandlerEndpoint<E> =
  E extends Query<infer I, infer O>
    ? (input: z.output<I>, caller: Caller) => Promise<z.output<O>>
    : E extends Command<infer I, infer O, infer X>
      ? (input: z.output<I>, caller: Caller) => Promise<Result<z.output<O>, z.output<X>>>
      : E extends Stream<infer K, infer S, infer D>
        ? (key: z.output<K>, caller: Caller) => StreamSource<z.output<S>, z.output<D>>
        : never

export type HandlersOf<C extends Contract> = {
  readonly [G in keyof C]: { readonly [E in keyof C[G]]: HandlerEndpoint<C[G][E]> }
}
