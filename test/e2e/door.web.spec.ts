import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@playwright/test'
import { type App, launchApp, removePlace } from '../helpers/app.ts'

let app: App

test.beforeEach(async () => {
  app = await launchApp({ shell: 'web' })
  await expect(app.page.getByTestId('first-run')).toBeVisible()
})
test.afterEach(async () => {
  await app.close()
  await removePlace(app.place)
})

test('the link leaves the address bar and does not open twice', async () => {
  const { page, link } = app
  expect(page.url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/(#.*)?$/)
  expect(page.url()).not.toContain(new URL(link!).hash.slice(1))
  const other = await page.context().browser()!.newContext()
  const second = await other.newPage()
  await second.goto(link!)
  await expect(second.getByText('used already')).toBeVisible()
  expect(await other.cookies()).toEqual([])
  await other.close()
})

test('no other server on this machine is sent the cookie', async () => {
  const sent: (string | undefined)[] = []
  const other = createServer((request, response) => {
    sent.push(request.headers.cookie)
    response.end()
  })
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
  const context = app.page.context()
  const held = await context.cookies(app.page.url())
  expect(held).toMatchObject([{ name: 'cloche', httpOnly: true, sameSite: 'Strict' }])
  const page = await context.newPage()
  await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`)
  other.close()
  expect(sent.length).toBeGreaterThan(0)
  expect(sent.filter((cookie) => cookie !== undefined)).toEqual([])
})
