import { expect, test } from '@playwright/test'
import { type App, launchApp, removePlace, type ShellName } from '../helpers/app.ts'

let app: App
const isElectron = (info: { project: { name: string } }) => info.project.name === 'electron'

test.beforeEach(async ({}, info) => {
  app = await launchApp({ shell: info.project.name as ShellName })
  await expect(app.page.getByTestId('first-run')).toBeVisible()
})
test.afterEach(async () => {
  await app.close()
  await removePlace(app.place)
})

test('the page has no Node, and of Electron one function', async ({}, info) => {
  const seen = await app.page.evaluate(() => ({
    node: ['process', 'require', 'module', 'Buffer', 'global'].filter((name) => name in window),
    bridge:
      'cloche' in window ? Object.keys((window as unknown as { cloche: object }).cloche) : null,
  }))
  expect(seen).toEqual({ node: [], bridge: isElectron(info) ? ['requestPort'] : null })
})

test('nothing inline runs, nothing foreign loads, no other page opens', async () => {
  const result = await app.page.evaluate(async () => {
    const blocked: string[] = []
    document.addEventListener('securitypolicyviolation', (event) =>
      blocked.push(event.effectiveDirective),
    )
    const script = document.createElement('script')
    try {
      script.textContent = 'window.planted = true'
    } catch {
      blocked.push('trusted-types')
    }
    document.body.append(script)
    const image = new Image()
    image.src = 'http://127.0.0.1:9/x.png'
    await fetch('http://127.0.0.1:9/').catch(() => undefined)
    await new Promise((done) => setTimeout(done, 300))
    const frame = document.createElement('iframe')
    frame.src = 'http://127.0.0.1:9/'
    document.body.append(frame)
    await new Promise((done) => setTimeout(done, 300))
    return { planted: 'planted' in window, blocked }
  })
  expect(result.planted).toBe(false)
  expect(result.blocked).toEqual(expect.arrayContaining(['connect-src', 'img-src', 'frame-src']))
})

test('no permission is granted', async () => {
  const states = await app.page.evaluate(async () => {
    const names = ['geolocation', 'notifications', 'camera', 'microphone', 'clipboard-read']
    const found: Record<string, string> = {}
    for (const name of names)
      found[name] = await navigator.permissions.query({ name: name as PermissionName }).then(
        (status) => status.state,
        () => 'unknown',
      )
    return found
  })
  expect(Object.values(states)).not.toContain('granted')
})
