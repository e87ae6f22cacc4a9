import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, readdir, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'

const OUT = resolve(import.meta.dirname, '../../out')
const FIXTURES = resolve(import.meta.dirname, '../fixtures')

/**
 * The built programs with another first process of machines, made from a fixture that waits for the
 * file `trigger` of a machine. Gives the folder for `startTestHost`.
 */
export async function programsWith(
  folder: string,
  fixture: string,
  trigger: string,
): Promise<string> {
  await mkdir(join(folder, 'native'))
  await symlink(join(OUT, 'main'), join(folder, 'main'))
  for (const name of await readdir(join(OUT, 'native')))
    if (name !== 'vm-init') await copyFile(join(OUT, 'native', name), join(folder, 'native', name))
  const made = ['-o', join(folder, 'native/vm-init')]
  const define = `-DTRIGGER="${trigger}"`
  execFileSync('gcc', ['-O2', '-static', define, join(FIXTURES, fixture), ...made])
  return join(folder, 'main')
}
