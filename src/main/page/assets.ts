import { readFile, realpath, stat } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
}

export interface Asset {
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/**
 * One file of the built renderer; null for everything else: unknown types, folders, and any
 * spelling that leaves the root, links included.
 */
export async function readAsset(root: string, urlPath: string): Promise<Asset | null> {
  let path: string
  try {
    path = decodeURIComponent(urlPath)
  } catch {
    return null
  }
  if (path.includes('\0') || path.includes('\\')) return null
  const type = TYPES[extname(path === '/' ? '/index.html' : path)]
  if (!type) return null
  try {
    const base = await realpath(root)
    const file = await realpath(join(base, path === '/' ? 'index.html' : path))
    if (!file.startsWith(base + sep) || !(await stat(file)).isFile()) return null
    return { type, bytes: new Uint8Array(await readFile(file)) }
  } catch {
    return null
  }
}
