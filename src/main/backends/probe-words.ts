import { PROBE_NAME } from '../core/direct-addresses.ts'
import { CANARY_ADDRESS } from './network-canary.ts'
import { PROBE_SCRIPT } from './probe-script.ts'

/**
 * How the first program inside is started, without the agent's words, which follow. `descriptor`: where
 * native/probe.c is open; null: a shell does the same.
 */
export const probeWords = (descriptor: number | null, canaries: readonly string[]): string[] =>
  descriptor === null
    ? ['/bin/sh', '-c', PROBE_SCRIPT, 'cloche-probe', ...canaries]
    : [
        ...[`/proc/self/fd/${descriptor}`, String(descriptor), ...canaries],
        ...[CANARY_ADDRESS, PROBE_NAME],
      ]
