import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const LOOK_EVERY_MS = 100

/**
 * Lets tests wish for the end of an engine and its new start: they make the file `wish`, which goes when
 * `restart` is through. `end` looks no more.
 */
export function hearWishes(folder, restart) {
  const wish = join(folder, 'wishes/restart')
  mkdirSync(join(folder, 'wishes'))
  chmodSync(join(folder, 'wishes'), 0o777)
  let isRestarting = false
  const fulfil = async () => {
    isRestarting = true
    await restart()
    rmSync(wish, { force: true })
    isRestarting = false
  }
  const timer = setInterval(() => {
    if (!isRestarting && existsSync(wish)) void fulfil()
  }, LOOK_EVERY_MS)
  return { wish, end: () => clearInterval(timer) }
}
