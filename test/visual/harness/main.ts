import '../../../src/renderer/schemas-without-eval.ts'
import { mount } from '../../../src/renderer/mount.tsx'
import { createFakeHost } from './fake-host.ts'
import type { Scenario } from './scenario.ts'

const scenario = (new URLSearchParams(location.search).get('scenario') ?? 'busy') as Scenario
const host = createFakeHost(scenario)
Object.assign(window, { fakeHost: host })
mount(document.getElementById('root')!, host.open)
