import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { machineMonitor } from '../../../../src/main/backends/vm/qmp.ts'
import { temporaryFolder } from '../../../helpers/recording.ts'

/** QEMU's side, and ours. */
async function pair() {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'qmp')
  const server = createServer()
  await new Promise<void>((done) => server.listen(path, done))
  const came = new Promise<Socket>((done) => server.once('connection', done))
  const qemu = connect(path)
  const ours = await came
  qemu.on('error', () => undefined)
  return {
    qemu,
    ours,
    [Symbol.asyncDispose]: async () => {
      qemu.destroy()
      ours.destroy()
      server.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

test('commands are answered in their order, with events and half lines in between', async () => {
  await using line = await pair()
  let heard = ''
  line.qemu.setEncoding('utf8').on('data', (part) => {
    heard += String(part)
  })
  const monitor = machineMonitor(line.ours)
  line.qemu.write('{"QMP": {"version": {}}}\n{"return": {}}\n')
  const stopped = monitor.command('stop')
  await expect.poll(() => heard).toContain('"execute":"stop"')
  line.qemu.write('{"event": "STOP"}\n{"retu')
  line.qemu.write('rn": {}}\n')
  expect(await stopped).toBe(true)
  const refused = monitor.command('cont')
  await expect.poll(() => heard).toContain('"execute":"cont"')
  line.qemu.write('no words of its protocol\n{"error": {"class": "GenericError"}}\n')
  expect(await refused).toBe(false)
})

test('a line without an end closes it, and whoever waits is told', async () => {
  await using line = await pair()
  const monitor = machineMonitor(line.ours)
  line.qemu.write('{"return": {}}\n')
  const asked = monitor.command('stop')
  line.qemu.write('x'.repeat(100_000))
  expect(await asked).toBe(false)
  expect(line.ours.destroyed).toBe(true)
})
