import { spawn } from 'node:child_process'

/** Runs a program with no boundary, while this process goes on serving; what it wrote. */
export function runOutside(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  return new Promise((done) => {
    const child = spawn(argv[0]!, argv.slice(1), {
      cwd: options.cwd ?? '/',
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        output += data.toString()
      })
    child.once('error', (cause) => done(cause.message))
    child.once('close', () => done(output))
  })
}

/**
 * The sandbox of somebody who gave it little thought: process numbers of its own, the whole machine
 * below. Shows that an attempt on a sandbox itself (its first process, its mounts) can succeed.
 */
export const naively = (
  argv: readonly string[],
  mounts: readonly string[] = ['--dev-bind', '/', '/'],
): string[] => [
  ...['/usr/bin/bwrap', '--unshare-user', '--unshare-pid', '--die-with-parent', ...mounts],
  ...['--proc', '/proc', '--', ...argv],
]

/** With every privilege over namespaces of its own: what an ordinary user can make of himself. */
export const asOwnRoot = (argv: readonly string[]): string[] => [
  ...['/usr/bin/unshare', '--user', '--map-root-user', '--mount', '--net', ...argv],
]

export const python = (code: string): string[] => ['/usr/bin/python3', '-c', code]
export const shell = (script: string): string[] => ['/bin/sh', '-c', script]
export const bash = (script: string): string[] => ['/bin/bash', '-c', script]
