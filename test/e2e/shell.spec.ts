import { readFile } from 'node:fs/promises'
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

test('Electron: windows and ways out are closed, the renderer is sandboxed', async ({}, info) => {
  test.skip(!isElectron(info), 'these are doors only Electron has')
  const { page, electron } = app
  // Stands in for the person at the native question, and answers Cancel.
  await electron!.evaluate(({ dialog }) => {
    const asked: string[] = []
    Object.assign(globalThis, { asked })
    dialog.showMessageBox = (...args: unknown[]) => {
      asked.push((args[1] as { detail: string }).detail)
      return Promise.resolve({ response: 0, checkboxChecked: false })
    }
  })
  await page.evaluate(() => {
    for (const url of ['file:///etc/passwd', 'javascript:alert(1)', 'vscode://x', 'ssh://x'])
      window.open(url)
    window.open('https://example.org/')
    location.href = 'https://example.org/'
  })
  await page.waitForTimeout(500)
  const state = await electron!.evaluate(({ BrowserWindow }) => {
    const windows = BrowserWindow.getAllWindows()
    const [window] = windows
    return {
      count: windows.length,
      url: window?.webContents.getURL(),
      pid: window?.webContents.getOSProcessId(),
    }
  })
  expect(state).toMatchObject({ count: 1, url: 'app://cloche/' })
  const asked = await electron!.evaluate(() => (globalThis as unknown as { asked: string[] }).asked)
  expect(asked).toEqual(['https://example.org/'])
  const status = await readFile(`/proc/${state.pid}/status`, 'utf8')
  expect(/^Seccomp:\s*(\d)/m.exec(status)?.[1]).toBe('2')
  expect(/^NoNewPrivs:\s*(\d)/m.exec(status)?.[1]).toBe('1')
})

test('Electron: files outside the renderer are not served', async ({}, info) => {
  test.skip(!isElectron(info), 'the loopback server has its own test')
  const answers = await app.page.evaluate(async () => {
    const paths = [
      '/../main/index.mjs',
      '/%2e%2e/main/index.mjs',
      '/..%2fmain%2findex.mjs',
      '/',
      '/nothing.js',
    ]
    return Promise.all(
      paths.map((path) =>
        fetch(path).then(
          (answer) => answer.status,
          () => 0,
        ),
      ),
    )
  })
  expect(answers.slice(0, 3)).toEqual([404, 404, 404])
  expect(answers[3]).toBe(200)
  expect(answers[4]).toBe(404)
})
