import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readLayout } from '../../../src/main/backends/layout.ts'

test('the layout holds no secret of the machine and only what exists', async () => {
  const layout = await readLayout()
  expect([...layout.folders, ...layout.links.map(([path]) => path)]).toContain('/usr')
  for (const name of ['shadow', 'gshadow', 'passwd', 'group', 'machine-id', 'ssh', 'ssl/private'])
    expect([...layout.etcFolders, ...layout.etcFiles]).not.toContain(name)
  for (const name of [...layout.etcFolders, ...layout.etcFiles])
    expect(await realpath(join('/etc', name)), name).toMatch(/^\/(etc|usr|lib|opt|nix|var)\//)
  for (const folder of layout.folders)
    expect(['/etc', '/home', '/root', '/run', '/var', '/sys', '/proc']).not.toContain(folder)
})
