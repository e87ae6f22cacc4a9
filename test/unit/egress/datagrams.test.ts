import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { openCounters } from '../../../src/main/procwatch/net-counters.ts'
import { refusedIn, watchDatagrams } from '../../../src/main/egress/direct/datagrams.ts'

const SNMP = `Tcp: RtoAlgorithm RtoMin NoPorts
Tcp: 1 200 99
Udp: InDatagrams NoPorts InErrors
Udp: 51568 6 0
UdpLite: InDatagrams NoPorts InErrors
UdpLite: 0 2 0
`
const SNMP6 = `Ip6InNoRoutes                   \t4
Udp6InDatagrams                 \t7
Udp6NoPorts                     \t30
UdpLite6NoPorts                 \t400
`

test('datagrams for which nobody listened are counted, of both families', () => {
  expect(refusedIn(SNMP)).toBe(8)
  expect(refusedIn(SNMP + SNMP6)).toBe(438)
})

test.each(['', 'Udp: InDatagrams NoPorts', 'Udp: InDatagrams\nUdp: 7\n', 'nothing of the kind'])(
  'a table without the number counts nothing: %j',
  (text) => {
    expect(refusedIn(text)).toBe(0)
  },
)

async function sendToNobody(count: number): Promise<void> {
  const nobody = createSocket('udp4').bind(0, '127.0.0.1')
  await once(nobody, 'listening')
  const { port } = nobody.address()
  nobody.close()
  const socket = createSocket('udp4')
  for (let i = 0; i < count; i++)
    await new Promise((done) => socket.send('x', port, '127.0.0.1', done))
  socket.close()
}

test('they are told of while they come, each time there are twice as many, and at the end', async () => {
  const counts: number[] = []
  const watch = watchDatagrams(openCounters(process.pid), (fact) => {
    if (fact.type === 'net/datagrams') counts.push(fact.count)
  })
  const more = async (): Promise<number> => {
    await sendToNobody(5)
    return counts.length
  }
  await expect.poll(more, { timeout: 4000, interval: 20 }).toBeGreaterThan(0)
  const before = counts.at(-1) ?? 0
  await sendToNobody(2 * before + 5)
  await watch.close()
  expect(counts.at(-1)).toBeGreaterThanOrEqual(2 * before)
  for (const [i, count] of counts.entries())
    if (i > 0) expect(count).toBeGreaterThanOrEqual(2 * (counts[i - 1] ?? 0))
})

test('a network that is not there any more is no fault', async () => {
  const facts: Fact[] = []
  await watchDatagrams(openCounters(2 ** 30), (fact) => facts.push(fact)).close()
  expect(facts).toEqual([])
})
