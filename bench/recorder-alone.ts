// Log and screen of one terminal without a pseudo-terminal in front of them: what the recorder could take
// if a program could write as fast.
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { Screen } from '../src/main/pty/screen.ts'
import { KEYFRAME_LINES, MOST_KEYFRAME_BYTES } from '../src/main/pty/session-terminal.ts'
import { AppendFile } from '../src/main/disk/append-file.ts'
import { encodeKeyframe, MAX_SCREEN_BYTES, outputHeader } from '../src/shared/terminal-log.ts'
import { DARK_THEME } from '../src/shared/terminal-settings.ts'

const CHUNK_BYTES = 64 * 1024
const QUEUE_BYTES = 4 * 1024 * 1024

/** Milliseconds until `total` bytes of `line`, over and over, are in the file and on the screen. */
export async function recordAlone(
  folder: string,
  line: string,
  total: number,
  size: { readonly cols: number; readonly rows: number },
): Promise<number> {
  const chunk = Uint8Array.from(Buffer.from(line.repeat(Math.ceil(CHUNK_BYTES / line.length))))
  const fail = (cause: unknown): never => {
    throw cause
  }
  const log = await AppendFile.open(join(folder, 'alone.log'), { mode: 'create', failed: fail })
  const screen = new Screen({ size, theme: DARK_THEME, answer: () => undefined, fault: fail })
  const started = performance.now()
  let written = 0
  let parsed = 0
  let keyframeBytes = 0
  while (parsed < total) {
    // As much at once as one turn reads of a terminal.
    for (let n = 0; n < 2 && written < total; n++) {
      if (log.queuedBytes > QUEUE_BYTES || screen.isFull) break
      const bytes = chunk.slice()
      written += bytes.length
      log.append(outputHeader(written, bytes, crc32))
      log.append(bytes)
      screen.write(bytes, (arrival) => {
        parsed += bytes.length
        if (arrival === 'left-out' || parsed - keyframeBytes < MOST_KEYFRAME_BYTES) return
        keyframeBytes = parsed
        const drawn = screen.snapshot(KEYFRAME_LINES, MAX_SCREEN_BYTES)
        log.append(encodeKeyframe(parsed, { outputBytes: parsed, ...size, screen: drawn }))
      })
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  await log.close()
  screen.dispose()
  return performance.now() - started
}
