import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ContainerNetwork } from '../../../src/main/backends/containers/network-container.ts'
import { createNetworkPool } from '../../../src/main/backends/containers/network-pool.ts'

const warned: unknown[] = []
const log = {
  info: () => undefined,
  warn: (message: string) => warned.push(message),
  error: () => undefined,
}

interface Made extends ContainerNetwork {
  readonly number: number
  end(): void
  readonly isDisposed: () => boolean
}

let made: Made[]
const make = (): Promise<ContainerNetwork> => {
  let isOver = false
  let isDisposed = false
  const network: Made = {
    ...{ number: made.length, mode: `container:${made.length}` },
    network: { proxy: {} as never, direct: null, sockets: null },
    canary: {} as never,
    isOver: () => isOver,
    end: () => (isOver = true),
    isDisposed: () => isDisposed,
    dispose: () => {
      isDisposed = true
      return Promise.resolve()
    },
  }
  made.push(network)
  return Promise.resolve(network)
}

beforeEach(() => {
  made = []
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

describe('one network in advance', () => {
  test('is made after a start, given to the next one, and to it alone', async () => {
    const pool = createNetworkPool(true, log)
    expect((await pool.take('a', make)).mode).toBe('container:0')
    expect(made).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1000)
    expect(made).toHaveLength(2)
    expect((await pool.take('a', make)).mode).toBe('container:1')
    expect((await pool.take('a', make)).mode).toBe('container:2')
    await pool.close()
  })

  test('is not given to who wants another, nor once it is over', async () => {
    const pool = createNetworkPool(true, log)
    await pool.take('a', make)
    await vi.advanceTimersByTimeAsync(1000)
    expect((await pool.take('b', make)).mode).toBe('container:2')
    expect(made[1]?.isDisposed()).toBe(true)
    await vi.advanceTimersByTimeAsync(1000)
    made[3]?.end()
    expect((await pool.take('b', make)).mode).toBe('container:4')
    expect(made[3]?.isDisposed()).toBe(true)
    await pool.close()
  })

  test('goes when nobody takes it, and with the host', async () => {
    const pool = createNetworkPool(true, log)
    await pool.take('a', make)
    await vi.advanceTimersByTimeAsync(1000)
    expect(made[1]?.isDisposed()).toBe(false)
    await vi.advanceTimersByTimeAsync(11 * 60_000)
    expect(made[1]?.isDisposed()).toBe(true)
    await pool.take('a', make)
    await vi.advanceTimersByTimeAsync(1000)
    await pool.close()
    expect(made.at(-1)?.isDisposed()).toBe(true)
  })

  test('that cannot be made is said, and the next start makes its own', async () => {
    const pool = createNetworkPool(true, log)
    await pool.take('a', make)
    const failing = vi.fn(() => Promise.reject(new Error('no engine')))
    await pool.take('a', make)
    await expect(pool.take('a', failing)).rejects.toThrow('no engine')
    await vi.advanceTimersByTimeAsync(1000)
    expect(warned).toContain('no network could be made in advance')
    expect((await pool.take('a', make)).mode).toBe('container:2')
    await pool.close()
  })

  test('is not kept where none is wanted', async () => {
    const pool = createNetworkPool(false, log)
    await pool.take('a', make)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(made).toHaveLength(1)
    await pool.close()
  })
})
