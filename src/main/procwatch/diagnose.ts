import type { Diagnosis } from '../../shared/domain/sandbox.ts'

/** Whether this machine tells of every process; `reason`: why it does not, null when it does. */
export function diagnoseWatching(reason: string | null): Diagnosis {
  const isExact = reason === null
  return {
    id: 'processes',
    title: 'Process events',
    level: null,
    status: isExact ? 'usable' : 'missing',
    summary: isExact
      ? 'Every process of a session is seen, however short it lives.'
      : 'Processes are looked at five times a second: shorter ones are missed, and how they end is often not known.',
    facts: [{ name: 'Source', value: reason ?? 'the kernel’s process connector' }],
    remedies: isExact
      ? []
      : [
          {
            say: 'Linux 6.6 or newer, outside a container, with a C compiler when Cloche is first started.',
            command: null,
          },
        ],
  }
}
