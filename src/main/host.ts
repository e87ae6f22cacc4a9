import { createHost } from './create-host.ts'
import type { FromHost, ToHost } from './shell-electron/host-messages.ts'
import { serveCommandLine } from './shell-cli/socket-server.ts'
import { createParentBox } from './shell-electron/parent-box.ts'
import { createParentStarter } from './shell-electron/parent-starter.ts'
import { type MainPort, portTransport } from './shell-electron/port-transport.ts'

/** Structural view of a utility process's `process.parentPort`. */
interface ParentPort {
  postMessage(message: FromHost): void
  on(
    event: 'message',
    listener: (event: { readonly data: ToHost; readonly ports: readonly MainPort[] }) => void,
  ): void
}
const { parentPort } = process as unknown as { readonly parentPort: ParentPort }

const starter = createParentStarter((message) => parentPort.postMessage(message))
const keyring = process.env.CLOCHE_KEYRING
const box = keyring ? createParentBox(keyring, (message) => parentPort.postMessage(message)) : null
const node = process.env.CLOCHE_NODE
/** Windows may ask before the host and the socket of `cloche` stand; they wait. */
const standing = stand()

async function stand() {
  const created = await createHost({
    dataDir: process.env.CLOCHE_DATA_DIR ?? null,
    entries: import.meta.dirname,
    nodePath: node ?? process.execPath,
    nodeEnv: node ? {} : { ELECTRON_RUN_AS_NODE: '1' },
    starter,
    secretBox: box,
    mayUnconfineInBrowser: false,
    env: process.env,
  })
  if (!created.ok) return created
  const { dataDir, accept } = created.value
  const commandLine = await serveCommandLine(dataDir, (transport) =>
    accept(transport, { shell: 'cli' }),
  )
  return { ...created, commandLine }
}

parentPort.on('message', ({ data, ports }) => {
  void receive(data, ports[0])
})

async function receive(message: ToHost, port: MainPort | undefined): Promise<void> {
  if (message.t === 'started' && port) return starter.started(message.id, port)
  if (message.t === 'exited') return starter.exited(message.id)
  if (message.t === 'keyring') return box?.answered(message.id, message.text)
  const host = await standing
  if (!host.ok) return
  if (message.t === 'viewer' && port)
    return host.value.accept(portTransport(port), { shell: 'electron' })
  if (message.t === 'count-live')
    parentPort.postMessage({ t: 'live', id: message.id, count: host.value.liveCount() })
  if (message.t === 'stop') {
    await host.commandLine.close()
    await host.value.stop()
    parentPort.postMessage({ t: 'stopped' })
  }
}

const host = await standing
if (host.ok) {
  host.value.onPrompt((call) => parentPort.postMessage({ t: 'prompt', ...call }))
  parentPort.postMessage({ t: 'ready' })
} else
  parentPort.postMessage({
    t: 'failed',
    sentence:
      host.error.type === 'already_running'
        ? `Cloche runs already (process ${host.error.pid}), in a browser or from another start. End it first, or use it there.`
        : `The data folder ${host.error.path} cannot be used: ${host.error.detail}.`,
  })
