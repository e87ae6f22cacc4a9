import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** As the person's own client does it. */
export const docker = (...args: string[]): string =>
  execFileSync('docker', args, { encoding: 'utf8' }).trim()

/** An image of a few programs of this machine with their libraries and those of others, and nothing else. */
export function makeImage(
  name: string,
  programs: readonly string[],
  others: readonly string[] = [],
): void {
  const root = mkdtempSync(join(tmpdir(), 'cloche-image-'))
  try {
    const paths = programs.map((name) => `/usr/bin/${name}`)
    const libraries = [...paths, ...others].flatMap((program) =>
      [...execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+) \(/g)].map(
        ([, path]) => path ?? '',
      ),
    )
    for (const path of new Set([...paths, ...libraries])) {
      const target = join(root, path.replace(/^\/usr/, ''))
      mkdirSync(dirname(target), { recursive: true })
      cpSync(path, target, { dereference: true })
    }
    mkdirSync(join(root, 'etc'))
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\n')
    symlinkSync('/bin', join(root, 'own-programs'))
    const archive = join(root, '..', `${name}.tar`)
    execFileSync('tar', ['-C', root, '-cf', archive, '.'])
    const change = ['--change', 'ENV PATH=/own-programs', '--change', 'ENV OF_THE_IMAGE=1']
    docker('import', ...change, archive, name)
    rmSync(archive)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
