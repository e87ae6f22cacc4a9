import { contextBridge, ipcRenderer } from 'electron'
import { BRIDGE_NAME, type Bridge, PORT_MESSAGE, REQUEST_PORT } from '../shared/rpc/transport.ts'

// Ports cannot cross the context bridge; they reach the page as a message to our own origin.
ipcRenderer.on(PORT_MESSAGE, (event) => {
  window.postMessage(PORT_MESSAGE, location.origin, event.ports)
})

const bridge: Bridge = { requestPort: () => ipcRenderer.send(REQUEST_PORT) }
contextBridge.exposeInMainWorld(BRIDGE_NAME, Object.freeze(bridge))
