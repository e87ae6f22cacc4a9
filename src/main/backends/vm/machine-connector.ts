import type { Connector } from '../ports/connector.ts'

/** Connections to ports of a machine: by the one port of the runner, which wants the number first. */
export const machineConnector = (around: Connector, runnerPort: number): Connector => ({
  connect: async (port) => {
    const opened = await around.connect(runnerPort)
    if (opened.ok) {
      const number = Buffer.alloc(2)
      number.writeUInt16BE(port)
      opened.value.write(number)
    }
    return opened
  },
  close: () => around.close(),
})
