import { access, constants } from 'node:fs/promises'
import Docker from 'dockerode'

export interface EngineFound {
  readonly socket: string
  readonly state: 'answers' | 'refused' | 'silent'
  readonly version: string | null
}

/** Sockets of Docker-compatible engines, in the order their own clients look. */
export async function findEngines(
  env: Readonly<Record<string, string | undefined>>,
): Promise<EngineFound[]> {
  const candidates = [
    env.DOCKER_HOST?.startsWith('unix://') ? env.DOCKER_HOST.slice('unix://'.length) : null,
    '/var/run/docker.sock',
    env.XDG_RUNTIME_DIR ? `${env.XDG_RUNTIME_DIR}/docker.sock` : null,
    env.XDG_RUNTIME_DIR ? `${env.XDG_RUNTIME_DIR}/podman/podman.sock` : null,
    '/run/podman/podman.sock',
  ]
  const found: EngineFound[] = []
  for (const socket of new Set(candidates)) {
    if (socket === null || !(await exists(socket))) continue
    found.push(await askEngine(socket))
  }
  return found
}

const exists = (path: string): Promise<boolean> =>
  access(path, constants.F_OK).then(
    () => true,
    () => false,
  )

async function askEngine(socketPath: string): Promise<EngineFound> {
  try {
    const version = await new Docker({ socketPath, timeout: 3000 }).version()
    return { socket: socketPath, state: 'answers', version: version.Version }
  } catch (cause) {
    const isRefused = (cause as NodeJS.ErrnoException).code === 'EACCES'
    return { socket: socketPath, state: isRefused ? 'refused' : 'silent', version: null }
  }
}
