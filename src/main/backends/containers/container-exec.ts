import { PassThrough, Duplex } from 'node:stream'
import type Docker from 'dockerode'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { Connector } from '../ports/connector.ts'
import type { RunInside } from '../probe-run.ts'
import { INIT } from './container-spec.ts'
import { type Inside, startInside } from './inside-program.ts'

const MOST_SAID = 256 * 1024
const RUN_MS = 10_000

/** What a program says; one that is gone says nothing, which proves nothing. */
export const runInContainer =
  (inside: Inside): RunInside =>
  async (words) => {
    let said = ''
    try {
      const program = await startInside(inside, words, AbortSignal.timeout(RUN_MS))
      for await (const part of program.output())
        if (said.length < MOST_SAID) said += part.toString('utf8')
    } catch {
      // What was said until then is judged as it is.
    }
    return said
  }

/** Connections to ports inside, each carried by a small program of ours in the container. */
export function containerConnector(container: Docker.Container, user: string): Connector {
  const open = new Set<Duplex>()
  let isClosed = false
  const connect = async (port: number): Promise<Result<Duplex, string>> => {
    try {
      const exec = await container.exec({
        ...{ Cmd: [INIT, 'connect', String(port)], User: user },
        ...{ AttachStdin: true, AttachStdout: true, AttachStderr: false },
      })
      const stream = await exec.start({ hijack: true, stdin: true })
      if (isClosed) {
        stream.destroy()
        return err('the session ended')
      }
      open.add(stream)
      stream.on('close', () => open.delete(stream))
      return ok(plain(container, stream))
    } catch (cause) {
      return err(cause instanceof Error ? cause.message : String(cause))
    }
  }
  return {
    connect,
    close: () => {
      isClosed = true
      for (const stream of open) stream.destroy()
    },
  }
}

/** What comes back is in frames of the engine's; what goes in is not. */
function plain(container: Docker.Container, stream: Duplex): Duplex {
  const out = new PassThrough()
  container.modem.demuxStream(stream, out, new PassThrough().resume())
  stream.on('end', () => out.end()).on('close', () => out.end())
  const both = Duplex.from({ readable: out, writable: stream })
  both.on('close', () => stream.destroy())
  return both
}
