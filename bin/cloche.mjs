#!/usr/bin/env node
// The command line of Cloche. `npm start` builds what this needs.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const program = new URL('../out/main/cloche.mjs', import.meta.url)
if (!existsSync(fileURLToPath(program))) {
  console.error('cloche: it is not built yet. Run npm start (or npm run build) once in its folder.')
  process.exit(1)
}
await import(program.href)
