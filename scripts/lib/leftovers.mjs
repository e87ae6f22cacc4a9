import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

const SETTLE_MS = 10_000
const LOOK_EVERY_MS = 250

/**
 * Processes that still have to do with a folder of the tests after they had time to end: by
 * working folder, command line or environment. Ends them, and returns what they were.
 */
export async function endLeftovers(folder) {
  const deadline = Date.now() + SETTLE_MS
  while (processesOf(folder).length > 0 && Date.now() < deadline)
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS))
  return endAllOf(folder)
}

/** The same without waiting, for what ends late by itself. */
export function endAllOf(folder) {
  const found = processesOf(folder)
  for (const { pid } of found) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended in the meantime.
    }
  }
  return found.map(({ pid, command }) => `${pid} ${command}`)
}

function processesOf(folder) {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .flatMap((pid) => {
      const home = `/proc/${pid}`
      try {
        const command = textOf(join(home, 'cmdline')).replaceAll('\0', ' ').trim()
        const traces = [command, textOf(join(home, 'environ')), readlinkSync(join(home, 'cwd'))]
        return traces.some((text) => text.includes(folder)) ? [{ pid, command }] : []
      } catch {
        // It ended while it was looked at.
        return []
      }
    })
}

const textOf = (file) => readFileSync(file, 'utf8')
