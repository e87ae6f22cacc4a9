import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { spawn } from 'node-pty'
import { expect } from 'vitest'
import { requireCapability } from '../helpers/require-capability.ts'
import { temporaryFolder } from '../helpers/recording.ts'

const test = requireCapability('python3')
const RUNNER = resolve(import.meta.dirname, '../../out/native/vm-runner')

/** Frames of native/vm-line.h, said by a machine that is nobody's friend. */
const FRAMES = `
import os, socket, struct, sys, time
line = socket.socket(fileno=11)
terminal = socket.socket(fileno=10)
OPEN, DATA, END, RESET, MORE, ASK, ANSWER, SIZE, EXITED, BYE, DIAL = range(1, 12)
def send(kind, id, data=b''): line.sendall(struct.pack('<BBHI', kind, 0, len(data), id) + data)
def whole(size):
  got = b''
  while len(got) < size:
    part = line.recv(size - len(got))
    if not part: sys.exit('the line ended')
    got += part
  return got
def frame():
  kind, _, size, id = struct.unpack('<BBHI', whole(8))
  return kind, id, whole(size)
def wait(wanted):
  while True:
    kind, id, data = frame()
    if kind == wanted: return id, data
def address(port, own): return struct.pack('<BBHH16s16s', 4, 0, port, own, *[socket.inet_aton('127.0.0.1')] * 2)
def end(code): send(EXITED, 0, struct.pack('<QB7x', 0, code)); wait(BYE); sys.exit(0)
`

/** Runs the runner with a program in QEMU's place, on a terminal, to its end. */
async function runWith(
  program: string,
  type?: string,
  { network = '0', env = {} }: { network?: string; env?: Record<string, string> } = {},
): Promise<{ code: number; output: string }> {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'machine.py')
  await writeFile(file, FRAMES + program)
  const pty = spawn(RUNNER, [network, '--', '/usr/bin/python3', file], {
    ...{ cols: 91, rows: 17 },
    env: { ...process.env, ...env },
  })
  let output = ''
  pty.onData((data) => {
    if (type && output === '') pty.write(type)
    output += data
  })
  const code = await new Promise<number>((done) => pty.onExit(({ exitCode }) => done(exitCode)))
  return { code, output }
}

/** Says back what it hears, and from which port it came. */
async function startEcho() {
  const from: number[] = []
  const server = createServer((socket) => {
    from.push(socket.remotePort ?? 0)
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, from, close: () => server.close() }
}

test('the terminal, its size and the code go through', async () => {
  const { code, output } = await runWith(
    `
id, size = wait(SIZE)
terminal.sendall(b'%d by %d;' % struct.unpack('<HH', size))
terminal.sendall(b'typed ' + terminal.recv(100) + b';')
send(EXITED, 0, struct.pack('<QB7x', 17, 7)); wait(BYE)`,
    'q',
  )
  expect(output).toBe('91 by 17;typed q;')
  expect(code).toBe(7)
})

test('a connection is made from the port it has in the machine, and carries both ways', async () => {
  const echo = await startEcho()
  const { code } = await runWith(`
send(OPEN, 5, address(${echo.port}, 23123))
got, credit, sent = b'', 262144, 0
while len(got) < 640000:
  while sent < 40 and credit >= 16000:
    send(DATA, 5, bytes([sent]) * 16000)
    sent, credit = sent + 1, credit - 16000
  kind, id, data = frame()
  if kind == DATA: got += data; send(MORE, 5, struct.pack('<I', len(data)))
  if kind == MORE: credit += struct.unpack('<I', data)[0]
  if kind == RESET: end(9)
end(0 if got == b''.join(bytes([n]) * 16000 for n in range(40)) else 3)`)
  echo.close()
  expect(code).toBe(0)
  expect(echo.from).toEqual([23123])
})

test('without a network of its own there is the gateway, and nothing else', async () => {
  const [gateway, other] = await Promise.all([startEcho(), startEcho()])
  const { code, output } = await runWith(
    `
taken = socket.create_server(('127.0.0.1', 0))
def to(at, port, own, family=4):
  where = socket.inet_aton(at)
  return struct.pack('<BBHH16s16s', family, 0, port, own, where, socket.inet_aton('127.0.0.1'))
free = socket.create_server(('127.0.0.1', 0)); own = free.getsockname()[1]; free.close()
refused = [
  to('127.0.0.1', ${other.port}, 0), to('127.0.0.1', ${gateway.port}, 0), to('192.0.2.1', 3128, 0),
  to('127.0.0.1', 3128, 0, 6), to('127.0.0.1', 3128, taken.getsockname()[1]),
]
for id, where in enumerate(refused): send(OPEN, id, where); assert wait(RESET)[0] == id
send(ASK, 7, b'\\0' * 12)
send(OPEN, 9, to('127.0.0.1', 3128, own)); send(DATA, 9, b'through')
terminal.sendall(b'%s from %d' % (wait(DATA)[1], own))
send(EXITED, 0, struct.pack('<QB7x', 0, 3)); wait(BYE)`,
    undefined,
    { network: 'proxy', env: { HTTP_PROXY: `http://127.0.0.1:${gateway.port}` } },
  )
  for (const each of [gateway, other]) each.close()
  expect(output).toBe(`through from ${gateway.from[0]}`)
  expect([code, gateway.from.length, other.from]).toEqual([3, 1, []])

  const lost = await runWith('sys.exit(0)', undefined, {
    ...{ network: 'proxy', env: { HTTP_PROXY: 'http://192.0.2.1:80' } },
  })
  expect(lost.code).toBe(125)
  expect(lost.output).toMatch(/names no port of the loopback/)
})

test('whoever sends more than was granted loses the connection, and no other', async () => {
  const echo = await startEcho()
  const { code } = await runWith(`
send(OPEN, 6, address(${echo.port}, 0))
send(OPEN, 7, address(${echo.port}, 0))
send(MORE, 6, struct.pack('<I', 1))
id, _ = wait(RESET)
if id != 6: end(4)
send(DATA, 7, b'still here')
id, data = wait(DATA)
end(0 if (id, data) == (7, b'still here') else 5)`)
  echo.close()
  expect(code).toBe(0)
})

test.each([
  [
    'a frame larger than any',
    `line.sendall(struct.pack('<BBHI', DATA, 0, 65535, 1) + b'x' * 65535)`,
  ],
  ['noise', `line.sendall(bytes((i * 193 + 71) % 256 for i in range(300000)))`],
])('%s ends the machine, and nothing else', async (_name, attack) => {
  const { code, output } = await runWith(`${attack}\ntime.sleep(60)`)
  expect(code).toBe(125)
  expect(output).toContain('The virtual machine ended by itself.')
})

test('frames of streams that are not there, of every kind, change nothing', async () => {
  const { code } = await runWith(`
for kind in list(range(0, 9)) + [10, 11, 200]:
  for id in (0, 1, 4095, 4096, 4351, 4352, 65535, 0xffffffff):
    for data in (b'', b'x', b'y' * 22):
      if kind != ASK: send(kind, id, data)
end(0)`)
  expect(code).toBe(0)
})

test('why its kernel gave up is said, in plain letters and not without end', async () => {
  const { code, output } = await runWith(`
os.write(12, b'noise ' * 20000)
os.write(12, b'[ 1.0] Kernel panic - not syncing: \\x1b[2Jgone \\xff' + b'x' * 500 + b'\\nmore')
os.kill(os.getpid(), 9)`)
  expect(code).toBe(125)
  expect(output.split(/[\r\n]+/)).toEqual([
    'The virtual machine ended by itself.',
    `Its kernel panicked: ?[2Jgone ?${'x'.repeat(110)}.`,
    '',
  ])
})

test('a machine that dies is said to have ended by itself', async () => {
  const { code, output } = await runWith('os.kill(os.getpid(), 9)')
  expect(code).toBe(125)
  expect(output).toContain('The virtual machine ended by itself.')
})
