import { PassThrough, Duplex } from 'node:stream'
import type Docker from 'dockerode'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { Connector } from '../ports/connector.ts'
import type { RunInside } from '../probe-run.ts'
import { FILTER, INIT } from './container-spec.ts'

const MOST_SAID = 256 * 1024
const RUN_MS = 10_000

/** In the container as its own programs are, and under the same filter. */
export const runInContainer =
  (container: Docker.Container, user: string): RunInside =>
  async (words) => {
    // One that is gone says nothing, which proves nothing.
    const stream = await container
      .exec({
        ...{ Cmd: [INIT, 'run', FILTER, '--', ...words], User: user },
        ...{ AttachStdout: true, AttachStderr: false },
      })
      .then((exec) => exec.start({ hijack: true, stdin: false }))
      .catch(() => null)
    if (!stream) return ''
    const out = new PassThrough()
    container.modem.demuxStream(stream, out, new PassThrough().resume())
    const timer = setTimeout(() => stream.destroy(), RUN_MS)
    stream.on('close', () => out.end()).on('end', () => out.end())
    stream.on('error', () => out.end())
    let said = ''
    for await (const part of out) if (said.length < MOST_SAID) said += String(part)
    clearTimeout(timer)
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
