import { afterEach, expect, test, vi } from 'vitest'
import { connectionStore } from '../../../src/renderer/connection.ts'
import type { Frame } from '../../../src/shared/contract/define.ts'
import type { ImageJob, JobFrame } from '../../../src/shared/domain/engine.ts'
import { ImageJobId } from '../../../src/shared/domain/ids.ts'
import type { Connection } from '../../../src/shared/rpc/client.ts'

// The store of pages reads the address when it is loaded.
vi.stubGlobal('window', { location: { hash: '' } })
const { followJobs, useEngines } = await import('../../../src/renderer/stores/engines.ts')

type Push = (frame: Frame<JobFrame[], JobFrame>) => void

const job: ImageJob = {
  ...{ id: ImageJobId.parse('job_00000001'), request: { kind: 'agents' }, name: 'agents' },
  ...{ state: 'running', detail: null, percent: null, startedAtMs: 1, endedAtMs: null },
}

/** A host that tells every subscriber of its jobs the same. */
function connect() {
  const told = new Set<Push>()
  const jobs = (_: null, push: Push) => {
    told.add(push)
    push({ type: 'snapshot', seq: 1, state: [{ job, lines: ['one'] }] })
    return () => told.delete(push)
  }
  connectionStore.setState(
    { type: 'connected', connection: { api: { image: { jobs } } } as unknown as Connection },
    true,
  )
  return {
    told,
    tell: (seq: number, line: string) => {
      for (const push of told) push({ type: 'delta', seq, change: { job, lines: [line] } })
    },
  }
}

afterEach(() => connectionStore.setState({ type: 'connecting' }, true))

test('two places that show the same log add each line once, and the last to go ends it', () => {
  const host = connect()
  const [page, form] = [followJobs(), followJobs()]
  host.tell(2, 'two')
  expect(useEngines.getState().jobs[0]?.lines).toEqual(['one', 'two'])
  page()
  host.tell(3, 'three')
  expect(useEngines.getState().jobs[0]?.lines).toEqual(['one', 'two', 'three'])
  form()
  expect(host.told.size).toBe(0)
  const again = followJobs()
  expect(host.told.size).toBe(1)
  again()
})
