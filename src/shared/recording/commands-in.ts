import type { TerminalRecord } from '../terminal-log.ts'
import type { Marker } from './asciicast.ts'

// Shells that are integrated say where a command begins: OSC 133 (FinalTerm, iTerm2, Ghostty, WezTerm)
// and OSC 633 (VS Code). https://code.visualstudio.com/docs/terminal/shell-integration

/** `C`: a command begins to write. `E`: its line, which only VS Code's scripts tell. */
const SIGNS = /\x1b\](?:133;(C)|633;(?:(C)|E;([^\x07\x1b;]*)))[^\x07\x1b]*(?:\x07|\x1b\\)/g
const INTRODUCER = '\x1b]'
/** A sign that is longer is none. */
const MOST_HELD = 4096

/** Moments at which a command was started in the terminal. */
export function commandsIn(records: readonly TerminalRecord[]): Marker[] {
  const markers: Marker[] = []
  const decoder = new TextDecoder()
  let held = ''
  let line: string | null = null
  for (const record of records) {
    if (record.kind !== 'output') continue
    const text = held + decoder.decode(record.bytes, { stream: true })
    // A sign may be cut in two, even its beginning.
    held = text.endsWith('\x1b') ? '\x1b' : ''
    if (!text.includes(INTRODUCER)) continue
    let end = 0
    for (const found of text.matchAll(SIGNS)) {
      end = found.index + found[0].length
      if (found[3] !== undefined) {
        line = unescaped(found[3])
        continue
      }
      markers.push({ atMs: record.monoMs, label: line ?? 'Command' })
      line = null
    }
    const open = text.lastIndexOf(INTRODUCER)
    if (open >= end && text.length - open < MOST_HELD) held = text.slice(open)
  }
  return markers
}

/** Signs of their own syntax are written as \\xAB, a backslash as two. */
const unescaped = (text: string): string =>
  text.replaceAll(/\\(?:x([0-9a-fA-F]{2})|\\)/g, (_, hex?: string) =>
    hex === undefined ? '\\' : String.fromCharCode(parseInt(hex, 16)),
  )
