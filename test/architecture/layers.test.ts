import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesBelow, textOf } from './sources.ts'

/**
 * What each layer may import: folders of ours (an adapter's own are always allowed) and
 * packages. The first layer that fits a file counts.
 */
const LAYERS: readonly {
  readonly files: RegExp
  readonly ours: readonly RegExp[]
  readonly packages: RegExp
}[] = [
  { files: /^src\/shared\//, ours: [/^src\/shared\//], packages: /^zod$/ },
  {
    files: /^src\/main\/core\//,
    ours: [/^src\/shared\//, /^src\/main\/core\//],
    packages: /^(node:(crypto|path|net|url)|tldts|picomatch)$/,
  },
  {
    files:
      /^src\/main\/(backends|devcontainer|egress|filewatch|policies|pty|procwatch|agents|review|store)\//,
    // Nothing crosses between adapters.
    ours: [/^src\/shared\//, /^src\/main\/(core|disk)\//],
    packages:
      /^(node:|zod$|picomatch$|dockerode$|tar-(fs|stream)$|@balena\/dockerignore$|jsonc-parser$|yaml$|dns-packet$|@peculiar\/x509$|reflect-metadata$|node-pty$|smol-toml$|@xterm\/)/,
  },
  {
    files: /^src\/main\/api\//,
    ours: [/^src\/shared\//, /^src\/main\/core\//],
    packages: /^node:/,
  },
  { files: /^src\/main\/disk\//, ours: [], packages: /^node:/ },
  { files: /^src\/main\/page\//, ours: [], packages: /^node:/ },
  {
    files: /^src\/main\/shell-web\//,
    ours: [/^src\/shared\//, /^src\/main\/(core\/ports\.ts|page\/)/],
    packages: /^(node:|zod$|ws$)/,
  },
  {
    files: /^src\/main\/shell-cli\//,
    ours: [/^src\/shared\//],
    packages: /^node:/,
  },
  {
    files: /^src\/main\/(cloche\.ts|cli\/)/,
    ours: [/^src\/shared\//, /^src\/main\/(?!shell-electron|page)/],
    packages: /^(node:|zod$|diff$)/,
  },
  {
    files: /^src\/main\/shell-electron\//,
    ours: [/^src\/shared\//, /^src\/main\/(core\/ports\.ts|page\/)/],
    packages: /^(node:|electron$)/,
  },
  {
    files:
      /^src\/main\/(create-host|create-engines|create-inbox|create-processes|create-recordings|create-reviews|create-terminals|open-documents|read-machine|run-doctor)\.ts$/,
    ours: [/^src\/shared\//, /^src\/main\/(?!shell-|page)/],
    packages: /^(node:|zod$)/,
  },
  {
    files: /^src\/main\/index\.ts$/,
    ours: [/^src\/main\/shell-electron\//],
    packages: /^(node:|electron$)/,
  },
  {
    files: /^src\/main\/host\.ts$/,
    ours: [/^src\/main\/(create-host\.ts|shell-electron\/|shell-cli\/)/],
    packages: /^node:/,
  },
  {
    files: /^src\/main\/serve\.ts$/,
    ours: [/^src\/main\/(create-host\.ts|shell-web\/|shell-cli\/)/],
    packages: /^node:/,
  },
  {
    files: /^src\/main\/verify\.ts$/,
    ours: [/^src\/main\/store\//],
    packages: /^node:/,
  },
  { files: /^src\/main\/version\.ts$/, ours: [], packages: /^$/ },
  { files: /^src\/preload\//, ours: [/^src\/shared\/rpc\/transport\.ts$/], packages: /^electron$/ },
  {
    files: /^src\/renderer\//,
    ours: [/^src\/shared\//, /^src\/renderer\//],
    packages: /^(react(-dom)?(\/.*)?|zustand|zod|diff|@xterm\/.*|@tanstack\/react-virtual)$/,
  },
]

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"`]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'|(?:^|\n)import\s+'([^']+)'/g

/** `src/main/backends` for all of it, also `backends/files`; elsewhere the file's own folder. */
const home = (file: string): string => /^src\/main\/[^/]+(?=\/)/.exec(file)?.[0] ?? dirname(file)

/** Imports of a file that its layer does not allow. */
function violations(file: string, text: string): string[] {
  const layer = LAYERS.find(({ files }) => files.test(file))
  if (!layer) return [`${file} belongs to no layer`]
  const found: string[] = []
  for (const match of text.matchAll(IMPORT)) {
    const name = match[1] ?? match[2] ?? match[3] ?? ''
    const isOurs = name.startsWith('.')
    const target = isOurs ? normalize(join(dirname(file), name)) : name
    const isAllowed = isOurs
      ? home(target) === home(file) || layer.ours.some((pattern) => pattern.test(target))
      : layer.packages.test(name)
    if (!isAllowed) found.push(`${file} → ${target}`)
  }
  return found
}

describe('layers', () => {
  const files = filesBelow('src', ['.ts', '.tsx']).filter((file) => !file.endsWith('.d.ts'))

  test('sees the sources at all', () => {
    expect(files.length).toBeGreaterThan(100)
    for (const { files: pattern } of LAYERS)
      expect(
        files.some((file) => pattern.test(file)),
        String(pattern),
      ).toBe(true)
  })

  test('no file reaches past its layer', () => {
    expect(files.flatMap((file) => violations(file, textOf(file)))).toEqual([])
  })

  test.each([
    ['src/shared/x.ts', "import { readFile } from 'node:fs'"],
    ['src/main/core/x.ts', "import { y } from '../store/paths.ts'"],
    ['src/main/egress/x.ts', "import { y } from '../backends/spawn.ts'"],
    ['src/main/egress/x.ts', "import { app } from 'electron'"],
    ['src/main/host.ts', "const y = import('electron')"],
    ['src/renderer/x.ts', "import { y } from '../main/core/ports.ts'"],
    ['src/renderer/x.ts', "import fs from 'node:fs'"],
    ['src/preload/x.ts', "import { api } from '../shared/contract/api.ts'"],
    ['src/elsewhere/x.ts', ''],
  ])('would see %s: %s', (file, text) => {
    expect(violations(file, text)).toHaveLength(1)
  })
})
