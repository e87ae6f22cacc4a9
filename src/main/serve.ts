import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createHost } from './create-host.ts'
import {
  askForLink,
  newSecret,
  publishEndpoint,
  readEndpoint,
  withdrawEndpoint,
} from './shell-web/endpoint.ts'
import { serveCommandLine } from './shell-cli/socket-server.ts'
import { createForkStarter } from './shell-web/fork-starter.ts'
import { startWebShell } from './shell-web/server.ts'

const HELP = `Cloche in a browser, through a loopback server that only a one-time link opens.

  --port N             listen on this port of 127.0.0.1 (default: any free one)
  --data-dir PATH      where recordings and rules are kept
  --allow-unconfined   sessions without any boundary may be started from the browser
  --help               this text
`

const entries = import.meta.dirname

/** The parent (scripts) learns the link over the channel; a person reads it. */
function announce(link: string): void {
  process.send?.({ type: 'ready', link })
  console.log(`Cloche is ready. Open this link once:\n\n  ${link}\n`)
}

function fail(sentence: string, code = 1): never {
  console.error(`cloche: ${sentence}`)
  process.exit(code)
}

function readArguments(): { port: number; dataDir: string | null; mayUnconfine: boolean } {
  let values: { port?: string; 'data-dir'?: string; 'allow-unconfined'?: boolean; help?: boolean }
  try {
    values = parseArgs({
      options: {
        port: { type: 'string' },
        'data-dir': { type: 'string' },
        'allow-unconfined': { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (cause) {
    fail(`${(cause as Error).message}\n\n${HELP}`, 2)
  }
  if (values.help) {
    console.log(HELP)
    process.exit(0)
  }
  const port = Number(values.port ?? 0)
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    fail(`--port takes a number from 1 to 65535, not "${values.port}".`, 2)
  return {
    port,
    dataDir: values['data-dir'] ? resolve(values['data-dir']) : null,
    mayUnconfine: values['allow-unconfined'] ?? false,
  }
}

const options = readArguments()
const created = await createHost({
  dataDir: options.dataDir,
  entries,
  nodePath: process.execPath,
  nodeEnv: {},
  starter: createForkStarter(entries),
  secretBox: null,
  mayUnconfineInBrowser: options.mayUnconfine,
  env: process.env,
})
if (!created.ok) {
  const { error } = created
  if (error.type === 'state_unwritable')
    fail(
      `its data folder ${error.path} cannot be used: ${error.detail}. Choose another with --data-dir.`,
    )
  const endpoint = await readEndpoint(error.dataDir)
  const link = endpoint && (await askForLink(endpoint))
  if (!link) fail(`it runs already (process ${error.pid}); use its window, or end it first.`)
  announce(link)
  process.exit(0)
}
const host = created.value

const secret = newSecret()
const shell = await startWebShell({
  assets: resolve(entries, '../renderer'),
  port: options.port,
  linkSecret: secret,
  accept: (transport) => host.accept(transport, { shell: 'web' }),
})
if (!shell.ok) {
  await host.stop()
  fail(
    shell.error.type === 'port_taken'
      ? `port ${shell.error.port} is taken. Choose another with --port, or leave it out.`
      : `port ${shell.error.port} may not be used. Choose one above 1023 with --port.`,
  )
}
const commandLine = await serveCommandLine(host.dataDir, (transport) =>
  host.accept(transport, { shell: 'cli' }),
)
await publishEndpoint(host.dataDir, { pid: process.pid, port: shell.value.port, secret })
announce(shell.value.link())

let isStopping = false
async function stop(): Promise<void> {
  if (isStopping) return
  isStopping = true
  await withdrawEndpoint(host.dataDir, process.pid)
  if (shell.ok) await shell.value.close()
  await commandLine.close()
  await host.stop()
  process.exit(0)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop())
process.on('disconnect', () => void stop())
