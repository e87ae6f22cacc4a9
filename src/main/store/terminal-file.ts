import type { TerminalId } from '../../shared/domain/ids.ts'

/** Name of a terminal's file in the folder of its recording; none given: the agent's. */
export const terminalFile = (
  terminal: TerminalId | null | undefined,
  kind: 'log' | 'index',
): string => (terminal ? `terminal-${terminal}.${kind}` : `terminal.${kind}`)
