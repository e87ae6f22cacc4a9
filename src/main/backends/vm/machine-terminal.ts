// Joins a terminal of this machine to a further one in a virtual machine: the PTY host starts it in the
// place of the program. Entry of its own, never imported, without packages: it stands between a click
// and a prompt.
//
//   machine-terminal SOCKET     where the host joins it to the stream of native/vm-terminals.h
import { connect } from 'node:net'
import { createPartReader, PART, partOf, typedParts } from './terminal-parts.ts'

const FAILED = 125
/** As a shell tells of one that SIGHUP ended: the machine or the host is gone. */
const HUNG_UP = 129

const [path = ''] = process.argv.slice(2)
const host = connect(path)
let code = HUNG_UP

function resize(): void {
  const { columns, rows } = process.stdout
  if (!columns || !rows) return
  const both = Buffer.alloc(4)
  both.writeUInt16LE(columns, 0)
  both.writeUInt16LE(rows, 2)
  host.write(partOf(PART.resized, both))
}

const read = createPartReader((kind, content) => {
  // Written before this returns, as a terminal's output is.
  if (kind === PART.shown) process.stdout.write(content)
  if (kind === PART.over) {
    code = content[0] ?? FAILED
    host.end()
  }
})

host.on('connect', () => {
  resize()
  process.stdout.on('resize', resize)
  process.stdin.on('data', (bytes: Buffer) => {
    if (host.write(typedParts(bytes))) return
    process.stdin.pause()
    host.once('drain', () => process.stdin.resume())
  })
})
host.on('data', (bytes) => {
  if (!read(bytes)) host.destroy()
})
host.on('error', (cause) => {
  process.stderr.write(`The virtual machine: ${cause.message}\r\n`)
  code = FAILED
})
host.on('close', () => process.exit(code))
