import { failure } from './failure.ts'
import { LEVEL } from './level.ts'
import { makePlace, type Place, type Started, startSandbox, type Terminal } from './sandbox.ts'

/** Reads commands that end with a zero byte, and says of each how it ended. */
const LOOP = `
stty -echo -icanon; echo is-ready
while IFS= read -r -d '' line; do (eval "$line"); printf '<over %d>' $?; done`

/** A sandbox in which commands run one after another. */
export interface Running {
  readonly sandbox: Extract<Started['sandbox'], { ok: true }>['value']
  /** To its end, on the one terminal. */
  run(argv: readonly string[]): Promise<{ code: number; output: string }>
  end(): Promise<void>
}

export async function startRunning(place: Place): Promise<Running> {
  const { sandbox, terminal } = await startSandbox(place, ['/bin/bash', '-c', LOOP])
  if (!sandbox.ok) throw failure(sandbox.error, terminal.output())
  const { release, destroy } = sandbox.value
  await release()
  await said(terminal, 0, /is-ready\r?\n/)
  let last: Promise<unknown> = Promise.resolve()
  const run = async (argv: readonly string[]) => {
    const from = terminal.output().length
    terminal.pty.write(`exec ${argv.map(quoted).join(' ')}\0`)
    const [over, before] = await said(terminal, from, /<over (\d+)>/)
    return { code: Number(over[1]), output: before }
  }
  return {
    sandbox: sandbox.value,
    run: (argv) => {
      const done = last.then(() => run(argv))
      last = done.catch(() => undefined)
      return done
    },
    end: async () => {
      await destroy()
      await terminal.exited
    },
  }
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

/** Waits for words after `from`; with what stood before them. Rejects when the program ends without. */
function said(
  terminal: Terminal,
  from: number,
  words: RegExp,
): Promise<[RegExpExecArray, before: string]> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const text = terminal.output().slice(from)
      const found = words.exec(text)
      if (!found) return
      watched.dispose()
      resolve([found, text.slice(0, found.index)])
    }
    const watched = terminal.pty.onData(() => look())
    void terminal.exited.then(() =>
      reject(new Error(`it ended, having said: ${terminal.output().slice(from)}`)),
    )
    look()
  })
}

/**
 * A place for a suite that tries much and changes nothing it looks at. Containers and machines take seconds
 * to start, so there all commands of `runInside` that ask for nothing more run in one, which lives as long
 * as the place; in the OS sandbox each has one of its own.
 */
export async function makeSharedPlace(): Promise<Place> {
  const place = await makePlace()
  if (LEVEL === 'os') return place
  let running: Promise<Running> | null = null
  return {
    ...place,
    runInside: async (argv) => {
      running ??= startRunning(place)
      const started = await running.catch((cause: unknown) => {
        // A second try of a test begins with a new one.
        running = null
        throw cause
      })
      return started.run(argv)
    },
    dispose: async () => {
      await (await running)?.end()
      await place.dispose()
    },
  }
}
