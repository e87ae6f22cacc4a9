import { TerminalId } from '../../shared/domain/ids.ts'

/** Name of a terminal's file in the folder of its recording; none given: the agent's. */
export const terminalFile = (
  terminal: TerminalId | null | undefined,
  kind: 'log' | 'index',
): string => (terminal ? `terminal-${terminal}.${kind}` : `terminal.${kind}`)

/** The further terminals whose logs are among these names. */
export const terminalsIn = (names: readonly string[]): TerminalId[] =>
  [...names].sort().flatMap((name) => {
    const id = TerminalId.safeParse(/^terminal-(.*)\.log$/.exec(name)?.[1])
    return id.success ? [id.data] : []
  })
