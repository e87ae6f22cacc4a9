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
  const finder = createCommandFinder()
  return records.flatMap((record) => finder.add(record))
}

/** The same for records that come one after the other. */
export function createCommandFinder(): { add(record: TerminalRecord): Marker[] } {
  const decoder = new TextDecoder()
  let held = ''
  let line: string | null = null
  return {
    add: (record) => {
      // Most output has none, and is not worth decoding.
      if (record.kind !== 'output' || (held === '' && !mayHold(record.bytes))) return []
      const markers: Marker[] = []
      const text = held + decoder.decode(record.bytes, { stream: true })
      // A sign may be cut in two, even its beginning.
      held = text.endsWith('\x1b') ? '\x1b' : ''
      if (!text.includes(INTRODUCER)) return []
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
      return markers
    },
  }
}

const ESCAPE = 0x1b
const BRACKET = 0x5d

/** An introducer, or the beginning of one at the end. */
function mayHold(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(BRACKET); at !== -1; at = bytes.indexOf(BRACKET, at + 1))
    if (bytes[at - 1] === ESCAPE) return true
  return bytes.at(-1) === ESCAPE
}

/** Signs of their own syntax are written as \\xAB, a backslash as two. */
const unescaped = (text: string): string =>
  text.replaceAll(/\\(?:x([0-9a-fA-F]{2})|\\)/g, (_, hex?: string) =>
    hex === undefined ? '\\' : String.fromCharCode(parseInt(hex, 16)),
  )
