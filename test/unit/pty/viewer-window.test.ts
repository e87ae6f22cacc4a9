import { describe, expect, it } from 'vitest'
import { ViewerWindow } from '../../../src/main/pty/viewer-window.ts'
import { LIMITS } from '../../../src/shared/rpc/frames.ts'

const CHUNK = LIMITS.viewerWindowBytes / 4

describe('viewer window', () => {
  it('sends a window and no more, then asks once for a screen', () => {
    const window = new ViewerWindow()
    window.screen(0, 0)
    const steps = Array.from({ length: 6 }, (_, n) => window.output((n + 1) * CHUNK, CHUNK))
    expect(steps).toEqual(['send', 'send', 'send', 'send', 'skip', 'skip'])
    expect(window.drawn(3 * CHUNK)).toBe(false)
    expect(window.output(7 * CHUNK, CHUNK)).toBe('skip')
    expect(window.drawn(4 * CHUNK)).toBe(true)
    expect(window.drawn(4 * CHUNK)).toBe(false)
    window.screen(7 * CHUNK, 10)
    expect(window.output(8 * CHUNK, CHUNK)).toBe('send')
    expect(window.drawn(8 * CHUNK)).toBe(false)
    expect(window.outstandingBytes).toBe(0)
  })

  it('lets a screen larger than the window through and counts it', () => {
    const window = new ViewerWindow()
    window.screen(100, 2 * LIMITS.viewerWindowBytes)
    expect(window.output(200, 100)).toBe('skip')
    expect(window.drawn(99)).toBe(false)
    expect(window.drawn(100)).toBe(true)
  })

  it('asks for a screen where output is never sent: at once, or when it has drawn what it had', () => {
    const window = new ViewerWindow()
    window.screen(0, 0)
    window.drawn(0)
    expect([window.missed(), window.missed()]).toEqual([true, false])
    window.screen(10, 10)
    expect(window.missed()).toBe(false)
    expect(window.output(20, 10)).toBe('skip')
    expect(window.drawn(10)).toBe(true)
  })
})
