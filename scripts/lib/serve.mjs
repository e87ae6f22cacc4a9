import { fork } from 'node:child_process'
import { join } from 'node:path'
import { openLink } from './browser.mjs'
import { ROOT } from './prepare.mjs'

/** Options that the built browser shell understands itself. */
export const SERVE_OPTIONS = {
  port: { value: 'N', does: 'port of 127.0.0.1 for the browser shell (default: any free one)' },
  'data-dir': { value: 'PATH', does: 'where recordings and rules are kept' },
  'allow-unconfined': { does: 'let the browser start sessions without any boundary' },
}

/** Runs the browser shell until it ends, and passes on the signals that end it. */
export function serve(options, { isOpening }) {
  const child = fork(join(ROOT, 'out/main/serve.mjs'), argumentsOf(options))
  child.on('message', (message) => {
    if (message?.type === 'ready' && isOpening) openLink(message.link)
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code) => process.exit(code ?? 1))
}

const argumentsOf = (options) =>
  Object.entries(options)
    .filter(([name]) => name in SERVE_OPTIONS)
    .flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, value]))
