import { ImageName } from '../../../shared/domain/image-name.ts'
import { mayHoldCredentials } from '../../core/secret-names.ts'
import { createMapping, type Mapped, type Mapping, ofWorkspace, recordOf } from './mapping.ts'

const WALL = 'nothing that a file asks for opens the boundary'
const WHEN_CHOSEN = 'used when the dev container itself is chosen for a session'
const AT_LEAST = 'what it needs at least is no limit'
const ONE = 'a session is one container'
const PORTS = 'ports inside are opened one by one, while it runs'

/** Why a key has no place in a policy; others are no matter of the boundary. */
const DROPPED: Readonly<Record<string, string>> = {
  ...{ privileged: WALL, capAdd: WALL, securityOpt: WALL, runArgs: WALL, init: WALL },
  ...{
    build: WHEN_CHOSEN,
    dockerFile: WHEN_CHOSEN,
    features: WHEN_CHOSEN,
    remoteUser: WHEN_CHOSEN,
  },
  ...{ initializeCommand: WHEN_CHOSEN, onCreateCommand: WHEN_CHOSEN },
  ...{ updateContentCommand: WHEN_CHOSEN, postCreateCommand: WHEN_CHOSEN },
  ...{ postStartCommand: WHEN_CHOSEN, postAttachCommand: WHEN_CHOSEN },
  ...{ hostRequirements: AT_LEAST, forwardPorts: PORTS, appPort: PORTS },
  ...{ dockerComposeFile: ONE, service: ONE, runServices: ONE },
}

/** A `devcontainer.json`: its image, the folders it mounts, and the variables it takes from this machine. */
export function fromDevContainer(configuration: unknown): Mapped {
  const mapping = createMapping()
  const { image, mounts, containerEnv, remoteEnv, secrets, ...others } = recordOf(configuration)
  if (image !== undefined) {
    const name = ImageName.safeParse(image)
    if (name.success) mapping.image('image', name.data)
    else mapping.drop('image', 'it is no name of an image')
  }
  for (const mount of Array.isArray(mounts) ? mounts : []) fromMount(mapping, mount)
  for (const [key, values] of Object.entries({ containerEnv, remoteEnv }))
    for (const [name, value] of Object.entries(recordOf(values)))
      fromVariable(mapping, `${key}.${name}`, name, value)
  for (const name of Object.keys(recordOf(secrets)))
    mapping.variable(`secrets.${name}`, name, 'let in from this machine, as a secret')
  for (const key of Object.keys(others))
    if (key !== '$schema') mapping.drop(key, DROPPED[key] ?? 'it is no matter of the boundary')
  return mapping.done()
}

function fromVariable(mapping: Mapping, key: string, name: string, value: unknown): void {
  const taken = typeof value === 'string' ? /^\$\{localEnv:(\w+)(?::.*)?\}$/.exec(value)?.[1] : null
  if (taken === name) mapping.variable(key, name, 'as a secret')
  else if (taken) mapping.drop(key, `${taken} of this machine cannot be let in under another name`)
  else mapping.drop(key, 'a policy holds names of variables, and no values')
}

/** `type=bind,source=…,target=…`, or the same as an object. */
function fromMount(mapping: Mapping, mount: unknown): void {
  const parts: Readonly<Record<string, unknown>> =
    typeof mount === 'string'
      ? Object.fromEntries(mount.split(',').map((part) => part.split(/=(.*)/s, 2)))
      : recordOf(mount)
  const written = parts['source'] ?? parts['src']
  const source = (typeof written === 'string' ? written : '')
    .replace(/^\$\{localEnv:HOME\}/, '~')
    .replace(/^\$\{localWorkspaceFolder\}\/?/, './')
  const key = `mounts ${source || (typeof mount === 'string' ? mount : '')}`
  if ((parts['type'] ?? 'volume') !== 'bind')
    mapping.drop(key, 'each session begins without volumes')
  else if (source.endsWith('.sock')) mapping.drop(key, WALL)
  else if (source === '' || source.includes('${')) mapping.drop(key, 'where it is, is not said')
  else if (mayHoldCredentials(source)) mapping.drop(key, 'it may hold keys or sign-ins')
  else {
    const isReadOnly = 'readonly' in parts || 'ro' in parts
    mapping.file(
      key,
      ofWorkspace(source),
      isReadOnly ? 'read' : 'write',
      'at its own path, not at another one',
    )
  }
}
