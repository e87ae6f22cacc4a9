// The few globals that Node and every browser share and that shared code uses. Everything else of
// either runtime stays out of reach of this folder.
export {}
declare global {
  interface AbortSignal {
    readonly aborted: boolean
    addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
    removeEventListener(type: 'abort', listener: () => void): void
  }
  function queueMicrotask(callback: () => void): void
  function setTimeout(callback: () => void, ms: number): unknown
  function clearTimeout(timer: unknown): void
  /** Base64; both take and give one character for each byte. */
  function btoa(bytes: string): string
  function atob(text: string): string
  class TextEncoder {
    encode(text: string): Uint8Array
  }
  class TextDecoder {
    constructor(encoding?: 'utf-8', options?: { ignoreBOM?: boolean })
    decode(bytes?: Uint8Array, options?: { stream?: boolean }): string
  }
}
