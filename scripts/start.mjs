import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { fetchElectron, findElectron, windowObstacle } from './lib/electron.mjs'
import { readOptions } from './lib/options.mjs'
import { prepare, ROOT } from './lib/prepare.mjs'
import { fail, say } from './lib/say.mjs'
import { SERVE_OPTIONS, serve } from './lib/serve.mjs'

const options = readOptions('npm start [-- options]', {
  browser: { does: 'open in a browser even where Electron is there' },
  'no-open': { does: 'print the one-time link instead of opening a browser' },
  'fetch-electron': { does: 'try again to fetch Electron after it failed' },
  'electron-no-sandbox': {
    does: 'open Electron even where Chromium’s own sandbox cannot start, without it',
  },
  ...SERVE_OPTIONS,
})

function startElectron(electron) {
  const dataDir = options['data-dir']
  const switches = options['electron-no-sandbox'] ? ['--no-sandbox'] : []
  const child = spawn(electron, [ROOT, ...switches], {
    stdio: 'inherit',
    env: {
      ...process.env,
      CLOCHE_NODE: process.execPath,
      ...(dataDir ? { CLOCHE_DATA_DIR: resolve(dataDir) } : {}),
    },
  })
  child.on('error', (cause) => fail(`Electron could not be started: ${cause.message}`))
  child.on('exit', (code) => process.exit(code ?? 1))
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
}

await prepare()
const obstacle = options.browser
  ? 'you asked for a browser'
  : windowObstacle({ isSandboxed: !options['electron-no-sandbox'] })
const electron =
  obstacle === null ? (findElectron() ?? (await fetchElectron(options['fetch-electron']))) : null
if (electron) startElectron(electron)
else {
  say(`opening in a browser, because ${obstacle ?? 'Electron could not be fetched'}.`)
  serve(options, { isOpening: !options['no-open'] })
}
