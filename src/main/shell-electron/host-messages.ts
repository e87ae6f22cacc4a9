/** Between Electron's main process and the host it forked. Ports travel beside the message. */
export type ToHost =
  /** Carries the port of a window. */
  | { readonly t: 'viewer' }
  /** Carries the port of the PTY host that was asked for. */
  | { readonly t: 'started'; readonly id: number }
  | { readonly t: 'exited'; readonly id: number }
  | { readonly t: 'count-live'; readonly id: number }
  /** What the keyring made of a text that was asked for; null: nothing. */
  | { readonly t: 'keyring'; readonly id: number; readonly text: string | null }
  | { readonly t: 'stop' }

export type FromHost =
  | { readonly t: 'start'; readonly id: number; readonly entry: 'pty-host' }
  | { readonly t: 'kill'; readonly id: number }
  | { readonly t: 'ready' }
  | { readonly t: 'seal'; readonly id: number; readonly text: string }
  | { readonly t: 'unseal'; readonly id: number; readonly sealed: string }
  /** The host did not start; the sentence is for a person. */
  | { readonly t: 'failed'; readonly sentence: string }
  /** A prompt was raised; `name`: who asks, in the words of the program inside. */
  | { readonly t: 'prompt'; readonly name: string; readonly wants: string }
  | { readonly t: 'live'; readonly id: number; readonly count: number }
  | { readonly t: 'stopped' }
