import { prepare } from './lib/prepare.mjs'
import { serve } from './lib/serve.mjs'

await prepare()
serve(process.argv.slice(2), { isOpening: false })
