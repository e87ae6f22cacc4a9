import { failedLately, findElectron, windowObstacle } from './lib/electron.mjs'
import { hasNative, isNativeDone } from './lib/native.mjs'
import { readOptions } from './lib/options.mjs'
import { isBuilt, isInstalled, nodeProblem, ROOT, SYSTEM_PROGRAMS } from './lib/prepare.mjs'
import { missingPrograms, remedyFor } from './lib/system-parts.mjs'

readOptions('npm run doctor: what npm start would do here. It changes nothing.', {})

function systemParts() {
  if (SYSTEM_PROGRAMS.length === 0)
    return 'nothing to check: no sandbox is built on this system yet'
  const missing = missingPrograms(SYSTEM_PROGRAMS)
  if (missing.length === 0) return `${SYSTEM_PROGRAMS.join(' and ')} are there`
  const remedy = remedyFor(missing)
  return `${missing.join(' and ')} missing; install with: ${remedy?.text ?? 'your package manager'}`
}

function processEvents() {
  if (process.platform !== 'linux') return 'sampled: this system has no process connector'
  if (!isNativeDone(ROOT)) return 'the reader would be compiled'
  return hasNative(ROOT) ? 'the reader is compiled' : 'a native program could not be compiled'
}

function shell() {
  const obstacle = windowObstacle({ isSandboxed: true })
  if (obstacle) return `a browser, because ${obstacle}`
  const electron = findElectron()
  if (electron) return `Electron (${electron})`
  return failedLately()
    ? 'a browser, because Electron could not be fetched lately (--fetch-electron tries again)'
    : 'Electron, which would be fetched first; a browser if that fails'
}

const lines = {
  Node: nodeProblem() ?? `${process.versions.node}, new enough`,
  Dependencies: isInstalled() ? 'installed' : 'would be installed from the lock file',
  'System parts': systemParts(),
  Build: isBuilt() ? 'up to date' : 'would be made',
  Processes: processEvents(),
  Opens: shell(),
}
for (const [name, state] of Object.entries(lines)) console.log(`${name.padEnd(14)}${state}`)
