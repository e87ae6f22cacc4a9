import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { fetchElectron, findElectron, windowObstacle } from './lib/electron.mjs'
import { prepare, ROOT } from './lib/prepare.mjs'
import { fail, say } from './lib/say.mjs'
import { serve } from './lib/serve.mjs'

const HELP = `npm start [-- options]

  --browser          open in a browser even where Electron is there
  --fetch-electron   try again to fetch Electron after it failed
  --no-open          print the one-time link instead of opening a browser
  --data-dir PATH    where recordings and rules are kept
  --port N           port of the browser shell
  --help             this text
`

function readArguments() {
  try {
    return parseArgs({
      options: {
        browser: { type: 'boolean' },
        'fetch-electron': { type: 'boolean' },
        'no-open': { type: 'boolean' },
        'data-dir': { type: 'string' },
        port: { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (cause) {
    fail(`${cause.message}\n\n${HELP}`, 2)
  }
}

function startElectron(electron, dataDir) {
  const child = spawn(electron, [ROOT], {
    stdio: 'inherit',
    env: {
      ...process.env,
      CLOCHE_NODE: process.execPath,
      ...(dataDir ? { CLOCHE_DATA_DIR: dataDir } : {}),
    },
  })
  child.on('error', (cause) => fail(`Electron could not be started: ${cause.message}`))
  child.on('exit', (code) => process.exit(code ?? 1))
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
}

const options = readArguments()
if (options.help) {
  console.log(HELP)
  process.exit(0)
}
await prepare()

const obstacle = options.browser ? 'you asked for a browser' : windowObstacle()
const electron =
  obstacle === null ? (findElectron() ?? (await fetchElectron(options['fetch-electron']))) : null
if (electron) startElectron(electron, options['data-dir'])
else {
  say(`opening in a browser, because ${obstacle ?? 'Electron could not be fetched'}.`)
  const args = []
  if (options['data-dir']) args.push('--data-dir', options['data-dir'])
  if (options.port) args.push('--port', options.port)
  serve(args, { isOpening: !options['no-open'] })
}
