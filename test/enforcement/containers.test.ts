import { afterEach, beforeEach, expect } from 'vitest'
import { requireCapability } from '../helpers/require-capability.ts'
import { containerBackend, makePlace, type Place, runInside } from '../helpers/sandbox.ts'

const test = requireCapability('a container engine')

let place: Place
beforeEach(async () => {
  place = await makePlace()
})
afterEach(() => place.dispose())

const level = { level: 'container' } as const

test('runs a program of this machine in a proven container', async () => {
  const { code, output } = await runInside(
    place,
    ['/bin/sh', '-c', 'id; pwd; ls -la / ~; exit 7'],
    level,
    containerBackend(),
  )
  console.log(output)
  expect(code).toBe(7)
})
