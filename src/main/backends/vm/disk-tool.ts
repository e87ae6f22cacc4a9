import { constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { Remedy } from '../../../shared/domain/sandbox.ts'
import { exists } from '../exists.ts'
import type { MachineLayout } from '../layout.ts'
import { toolProfile } from '../seatbelt/profile.ts'

const PATHS = ['/usr/bin/sqfstar', '/usr/local/bin/sqfstar', '/opt/homebrew/bin/sqfstar']

/** Of squashfs-tools since 4.5: makes a disk of a tar without being root, and keeps whose files are whose. */
export async function findDiskTool(paths: readonly string[] = PATHS): Promise<string | null> {
  for (const path of paths) if (await exists(path, constants.X_OK)) return path
  return null
}

export const INSTALL_DISK_TOOL: Remedy =
  process.platform === 'darwin'
    ? {
        say: 'Install squashfs with Homebrew: with it, an image can be the system of a machine.',
        command: 'brew install squashfs',
      }
    : {
        say: 'Install squashfs-tools from your distribution: with it, an image can be the system of a machine.',
        command: 'sudo apt install squashfs-tools',
      }

const OUT = '/disks'

/** It stops at the archive's end, and whatever fills up the last block has to be taken too. */
const READ_ALL = ['/bin/sh', '-c', '"$@" || exit; exec cat >/dev/null', 'sh']

/**
 * Pure: for bubblewrap, the making of a disk from a tar on standard input, as `disk` in the folder `making`. A tar
 * of a stranger's is taken apart, so nothing of this machine can be changed but that folder.
 * Extended attributes are left out: a layer over the disk would take some of them for its own marks.
 * What packs smaller takes seventy times as long, and an emulated processor longer to unpack.
 */
export const diskCommand = (
  tool: string,
  { folders, links }: Pick<MachineLayout, 'folders' | 'links'>,
  making: string,
): string[] => [
  ...['--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--clearenv'],
  ...folders.flatMap((folder) => ['--ro-bind', folder, folder]),
  ...links.flatMap(([path, target]) => ['--symlink', target, path]),
  ...['--proc', '/proc', '--dev', '/dev', '--bind', making, OUT, '--chdir', OUT],
  ...['--', ...READ_ALL, tool, ...HOW, `${OUT}/disk`],
]

const HOW = [
  ...['-comp', 'lz4', '-no-xattrs', '-no-progress'],
  ...['-root-mode', '755', '-root-uid', '0', '-root-gid', '0'],
]

/** Pure: the same under a profile of macOS; `making` as it really is, without links. BUILT, NOT RUN. */
export function diskCommandOnMac(tool: string, making: string): string[] {
  const { text, parameters } = toolProfile(making)
  const defines = [...parameters].flatMap(([name, path]) => ['-D', `${name}=${path}`])
  const command = ['/usr/bin/env', '-i', ...READ_ALL, tool, ...HOW, join(making, 'disk')]
  return ['/usr/bin/sandbox-exec', '-p', text, ...defines, ...command]
}
