import { describe, expect, test } from 'vitest'
import { VERSION } from '../../src/main/version.ts'
import { filesBelow, textOf } from './sources.ts'

const sources = filesBelow('src', ['.ts', '.tsx', '.js'])
const tests = filesBelow('test', ['.ts'])

/** Lines of files that match, as `path:line`. */
function hits(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    textOf(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : [])),
  )
}

test('sees the sources at all', () => {
  expect(sources.length).toBeGreaterThan(100)
  expect(tests.length).toBeGreaterThan(20)
})

describe('files', () => {
  test('stay under 400 lines', () => {
    const long = [...sources, ...tests, ...filesBelow('scripts', ['.mjs'])]
      .map((file) => [file, textOf(file).split('\n').length] as const)
      .filter(([, lines]) => lines > 400)
    expect(long).toEqual([])
  })

  test('are no barrels and have no default exports', () => {
    expect(hits(sources, /^export (\*|\{[^}]*\} from)|^export default/)).toEqual([])
    expect(sources.filter((file) => /(^|\/)utils?\b/.test(file))).toEqual([])
  })
})

/** Casts that tell the compiler more than it knows. Lower it when one goes; it never rises. */
const MOST_CASTS = 55

describe('ratchet: these only fall', () => {
  test('casts', () => {
    const cast =
      /\bas (?:unknown|keyof|typeof|string|number|boolean|object|never|readonly|[A-Z([{])/g
    const code = sources.flatMap((file) =>
      textOf(file)
        .split('\n')
        .filter((line) => !/^\s*(\/\/|\/?\*)|^(import|export) .* from /.test(line)),
    )
    const casts = code.flatMap((line) => line.match(cast) ?? []).length
    expect(casts).toBeGreaterThan(0)
    expect(casts).toBeLessThanOrEqual(MOST_CASTS)
  })

  test('suppressions and things left for later', () => {
    expect(
      hits(sources, /(oxlint|eslint|biome)-(disable|ignore)|@ts-(ignore|expect-error)/),
    ).toEqual([])
    expect(
      hits([...sources, ...tests], /\b(TODO|FIXME|XXX|HACK)\b/).filter(
        (hit) => !hit.includes('rules.test'),
      ),
    ).toEqual([])
  })
})

describe('the data path', () => {
  test('carries bytes, never text made of bytes', () => {
    const path = sources.filter((file) =>
      /src\/(main\/pty|shared\/rpc|main\/api\/terminals)/.test(file),
    )
    expect(path.length).toBeGreaterThan(5)
    expect(hits(path, /base64|toString\('(utf8|latin1|binary)'\)/)).toEqual([])
  })
})

describe('hardening', () => {
  test('nothing opens what Electron closes by default', () => {
    expect(
      hits(
        sources,
        /nodeIntegration\w*: true|contextIsolation: false|sandbox: false|webSecurity|allowRunningInsecureContent|enableBlinkFeatures|experimentalFeatures|webviewTag: true/,
      ),
    ).toEqual([])
    expect(hits(sources, /openExternal/).map((hit) => hit.split(':')[0])).toEqual([
      'src/main/shell-electron/external-link.ts',
    ])
  })

  test('no markup is made from text', () => {
    expect(
      hits(
        sources,
        /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function\(/,
      ),
    ).toEqual([])
  })

  test('the preload shows the page one function', () => {
    const preload = textOf('src/preload/index.ts')
    expect(preload.match(/exposeInMainWorld/g)).toHaveLength(1)
    expect(preload).not.toMatch(/exposeInMainWorld\([^)]*ipcRenderer/)
  })
})

test('the version is that of package.json', () => {
  expect((JSON.parse(textOf('package.json')) as { version: string }).version).toBe(VERSION)
})

test('the host never runs git in a folder that an agent can write: its settings run programs', () => {
  const callers = sources.filter((file) => /['"`]git['"`]/.test(textOf(file)))
  // Asking git for its version reads no repository.
  expect(callers).toEqual(['src/main/run-doctor.ts'])
  expect(textOf('src/main/run-doctor.ts')).toContain("run('git', ['--version']")
})
