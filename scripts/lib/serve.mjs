import { fork } from 'node:child_process'
import { join } from 'node:path'
import { openLink } from './browser.mjs'
import { ROOT } from './prepare.mjs'

/** Runs the browser shell until it ends, and passes on the signals that end it. */
export function serve(args, { isOpening }) {
  const child = fork(join(ROOT, 'out/main/serve.mjs'), args)
  child.on('message', (message) => {
    if (message?.type === 'ready' && isOpening) openLink(message.link)
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code) => process.exit(code ?? 1))
}
