import { readFile } from 'node:fs/promises'
import { expect, test } from '@playwright/test'
import { type App, launchApp, removePlace } from '../helpers/app.ts'
import { answerDialogs } from '../helpers/dialogs.ts'

let app: App

test.beforeEach(async () => {
  app = await launchApp({ shell: 'electron' })
  await expect(app.page.getByTestId('first-run')).toBeVisible()
})
test.afterEach(async () => {
  await app.close()
  await removePlace(app.place)
})

test('windows and ways out are closed, the renderer is sandboxed', async () => {
  const { page, electron } = app
  const asked = await answerDialogs(electron!, 0)
  await page.evaluate(() => {
    for (const url of ['file:///etc/passwd', 'javascript:alert(1)', 'vscode://x', 'ssh://x'])
      window.open(url)
    window.open('https://example.org/')
    const webview = document.createElement('webview')
    webview.setAttribute('src', 'https://example.org/')
    document.body.append(webview)
    location.href = 'https://example.org/'
  })
  await page.waitForTimeout(500)
  const state = await electron!.evaluate(({ BrowserWindow, webContents }) => {
    const [window] = BrowserWindow.getAllWindows()
    return {
      count: webContents.getAllWebContents().length,
      url: window?.webContents.getURL(),
      pid: window?.webContents.getOSProcessId(),
    }
  })
  expect(state).toMatchObject({ count: 1, url: 'app://cloche/' })
  expect(await asked()).toEqual(['Open example.org in your browser? https://example.org/'])
  const status = await readFile(`/proc/${state.pid}/status`, 'utf8')
  expect(/^Seccomp:\s*(\d)/m.exec(status)?.[1]).toBe('2')
  expect(/^NoNewPrivs:\s*(\d)/m.exec(status)?.[1]).toBe('1')
})

test('files outside the renderer are not served', async () => {
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

test('nothing but the app’s own address is ever loaded', async () => {
  const { page, electron } = app
  await electron!.evaluate(({ session }) => {
    const loaded: string[] = []
    Object.assign(globalThis, { loaded })
    session.defaultSession.webRequest.onCompleted(({ url }) => loaded.push(url))
  })
  await page.evaluate(() => {
    window.location.hash = '#/doctor'
    window.location.reload()
  })
  const loaded = () =>
    electron!.evaluate(() => (globalThis as unknown as { loaded: string[] }).loaded)
  // The page may reload itself wherever it stands; that is how it leaves an error behind.
  await expect.poll(loaded).toContain('app://cloche/#/doctor')
  await expect(page).toHaveURL('app://cloche/#/doctor')
  expect((await loaded()).filter((url) => !url.startsWith('app://cloche/'))).toEqual([])
})

test('a port is given to our own page and to no other', async () => {
  const gotPort = await app.electron!.evaluate(async ({ app, BrowserWindow }) => {
    const [own] = BrowserWindow.getAllWindows()
    const preload = `${app.getAppPath()}/out/preload/index.cjs`
    const ask = `new Promise((done) => {
      addEventListener('message', (event) => event.ports[0] && done('port'))
      setTimeout(() => done('none'), 1500)
      cloche.requestPort()
    })`
    const foreign = async (url: string): Promise<unknown> => {
      const window = new BrowserWindow({ show: false, webPreferences: { preload } })
      await window.loadURL(url)
      const answer: unknown = await window.webContents.executeJavaScript(ask)
      window.destroy()
      return answer
    }
    return {
      own: await own?.webContents.executeJavaScript(ask),
      blank: await foreign('about:blank'),
      data: await foreign('data:text/html,<p>x'),
    }
  })
  expect(gotPort).toEqual({ own: 'port', blank: 'none', data: 'none' })
})
