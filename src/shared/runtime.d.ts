// The few globals that Node and every browser share and that shared code uses. Everything else of
// either runtime stays out of reach of this folder.
interface AbortSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}
declare function queueMicrotask(callback: () => void): void
declare function setTimeout(callback: () => void, ms: number): unknown
declare function clearTimeout(timer: unknown): void
