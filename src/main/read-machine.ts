import { statfs } from 'node:fs/promises'
import { totalmem, userInfo } from 'node:os'
import type { SystemInfo } from '../shared/contract/api.ts'
import { defaultLimits } from './backends/limits/defaults.ts'

/** What a window is told of this machine as it is now. */
export async function readMachine(
  home: string,
): Promise<Pick<SystemInfo, 'platform' | 'user' | 'defaultLimits'>> {
  const { bavail, bsize } = await statfs(home)
  return {
    platform: platformName(),
    user: userInfo().username,
    defaultLimits: defaultLimits({ memoryBytes: totalmem(), freeDiskBytes: bavail * bsize }),
  }
}

function platformName(): SystemInfo['platform'] {
  if (process.platform === 'darwin') return 'macos'
  return process.platform === 'win32' ? 'windows' : 'linux'
}
