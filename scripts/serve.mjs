import { readOptions } from './lib/options.mjs'
import { prepare } from './lib/prepare.mjs'
import { SERVE_OPTIONS, serve } from './lib/serve.mjs'

const options = readOptions('npm run serve [-- options]', SERVE_OPTIONS)
await prepare()
serve(options, { isOpening: false })
