import type { Socket } from 'node:net'
import type { EgressOptions } from '../../core/egress-port.ts'
import type { DirectNetwork } from '../../core/ports.ts'
import { isDirectAddress, PROBE_NAME } from '../../core/direct-addresses.ts'
import type { Destination } from '../../../shared/domain/policy.ts'
import { err, type Result } from '../../../shared/result.ts'
import type { Admissions } from '../admission.ts'
import type { Carry } from '../carry.ts'
import { toDestination } from '../destination.ts'
import { holdClient } from '../held-client.ts'
import type { EgressClient } from '../http.ts'
import type { EgressLimits } from '../limits.ts'
import { watchDatagrams } from './datagrams.ts'
import { createDirectNames, type DirectNames } from './names.ts'
import { answerQuestion } from './resolver.ts'

/** Names a script asks for are told of until there were this many. */
const MOST_TOLD = 1000

/**
 * The side of the gateway for programs that know nothing of proxies: they connect to an address,
 * and the kernel brings the connection here with the address they meant.
 */
export function createDirectFront(
  network: DirectNetwork,
  admissions: Admissions,
  carry: Carry,
  limits: EgressLimits,
  { rootPid, processes, report }: Pick<EgressOptions, 'rootPid' | 'processes' | 'report'>,
): { accept(client: EgressClient): void; close(): Promise<void> } {
  const datagrams = watchDatagrams(processes.counters(rootPid), report)
  const names = createDirectNames()
  const told = new Set<string>()
  const tell = (name: string): void => {
    if (name === PROBE_NAME || told.has(name) || told.size >= MOST_TOLD) return
    told.add(name)
    report({ type: 'net/resolved', name })
  }
  network.resolver.answerWith((question) => answerQuestion(question, names, tell))
  const own = new Set(
    network.listeners.flatMap((listener) => {
      const address = listener.address()
      return typeof address === 'object' && address ? [`${address.address} ${address.port}`] : []
    }),
  )

  const serve = async ({ socket, requester }: EgressClient): Promise<void> => {
    const destination = meant(socket, own, names)
    if (!destination.ok) {
      // Who it was is only known while it is connected.
      await admissions.malformed(destination.error, requester)
      return void socket.resetAndDestroy()
    }
    const held = holdClient(socket, Buffer.alloc(0), limits.earlyBytes)
    const admission = await admissions.admit(destination.value, {
      requester,
      gone: held.gone,
      hangUp: () => socket.destroy(),
    })
    const early = held.release()
    // It was connected before it was decided, so a refusal can only be a reset.
    if (admission.kind !== 'open') return void socket.resetAndDestroy()
    carry(socket, early, admission)
  }

  return {
    accept: (client) => void serve(client),
    close: () => {
      network.resolver.close()
      return datagrams.close()
    },
  }
}

/** Where the client wanted to go: the accepted end has the address that it dialled. */
function meant(
  { localAddress = '', localPort = 0 }: Socket,
  own: ReadonlySet<string>,
  names: DirectNames,
): Result<Destination, string> {
  if (own.has(`${localAddress} ${localPort}`)) return err('nothing is served at this port')
  const address = localAddress.replace(/^::ffff:(?=[\d.]+$)/, '')
  const name = names.nameOf(address)
  if (name === null && isDirectAddress(address))
    return err(`the address ${address} was given to no name`)
  return toDestination(name ?? address, localPort, 'direct')
}
