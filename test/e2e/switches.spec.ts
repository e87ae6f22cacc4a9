import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, type Page, test } from '@playwright/test'
import { type App, launchApp, makePlace, removePlace, type ShellName } from '../helpers/app.ts'
import { startFirstSession, stopSession } from '../helpers/person.ts'

let app: App
const server = createServer((_, response) => response.end('from the host'))

test.beforeEach(async ({}, info) => {
  const place = await makePlace()
  await writeFile(join(place.workspace, 'loop.sh'), LOOP)
  await writeFile(join(place.workspace, '.env'), 'TOKEN=1\n')
  const bin = join(place.root, 'bin')
  await mkdir(bin)
  await writeFile(join(bin, 'codex'), AGENT, { mode: 0o755 })
  await mkdir(join(place.home, '.codex'))
  await writeFile(join(place.home, '.codex/auth.json'), '{}')
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  app = await launchApp({
    ...{ shell: info.project.name as ShellName, place },
    env: { PATH: `${bin}:${process.env.PATH}` },
    hosts: { 'api.example.test': `127.0.0.1:${port}` },
  })
})
test.afterEach(async () => {
  await app.close()
  await removePlace(app.place)
  server.close()
})

/** Goes on for as long as it may, and leaves in the folder what it could do. Port 1 is nobody's. */
const LOOP = `n=0
while :; do
  n=$((n + 1)); echo $n >beat; touch made; cp .env copy
  if [ -e ask ]; then
    url=$(cat ask); rm ask
    curl -s -o answer -w '%{http_code}' --max-time 60 "$url" >code.part
    mv code.part code
  fi
  sleep 0.2
done 2>/dev/null
`

/** Stands where an agent of that name is, and says whether it was given a sign-in. */
const AGENT = `#!/bin/sh
while :; do
  if [ -e ~/.codex/auth.json ]; then echo signed in >state; else echo a stranger >state; fi
  sleep 0.2
done
`

const at = (name: string): string => join(app.place.workspace, name)
const text = (name: string): Promise<string> => readFile(at(name), 'utf8').catch(() => '')

/** Another session may be shown by now; it runs, and what was asked of it is proven. */
async function isProven(page: Page, testId: string, axis: string): Promise<void> {
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'running')
  await expect(page.getByTestId(testId).getByLabel(/^Proven at/)).toBeVisible()
  await expect(page.getByTestId(`axis-${axis}`)).toHaveAttribute('data-look', /narrow|wide/)
}

/** Has the program ask for an address. */
const askFor = async (url: string): Promise<void> => {
  await rm(at('code'), { force: true })
  await writeFile(at('ask.part'), url)
  await rename(at('ask.part'), at('ask'))
}

/** Whether it is made again after it was removed. */
async function comesBack(name: string): Promise<boolean> {
  await rm(at(name), { force: true })
  const endMs = Date.now() + 3000
  while (Date.now() < endMs && !existsSync(at(name))) await new Promise((go) => setTimeout(go, 100))
  return existsSync(at(name))
}

test('every switch takes effect, is proven, and is a line of the timeline', async () => {
  const { page } = app
  await startFirstSession(page, 'command', 'sh loop.sh')
  await page.getByTestId('open-change-limits').click()
  await page.getByTestId('limit-disk-on').check()
  await page.getByTestId('limit-disk-value').fill('64 MiB')
  await page.getByTestId('change-limits-apply').click()
  await expect(page.getByTestId('limit-in-force-disk')).toContainText('64 MiB')
  await page.getByRole('tab', { name: 'Events' }).click()
  await page.getByLabel('Filter events').fill('Limits set')
  await expect(page.getByRole('option', { name: /64 MiB written/ })).toBeVisible()

  // Services of this machine: a question, or a refusal without one.
  await askFor('http://host.cloche.internal:1/')
  await expect(page.getByTestId('prompt-host')).toContainText('host.cloche.internal')
  await page.getByTestId('switch-services-to-refused').click()
  await expect(page.getByTestId('prompt-host')).toHaveCount(0)
  await isProven(page, 'switch-services', 'network')
  await expect.poll(() => text('code')).toBe('403')
  await askFor('http://host.cloche.internal:1/')
  await expect.poll(() => text('code')).toBe('403')
  await expect(page.getByTestId('prompt-host')).toHaveCount(0)

  await page.getByTestId('switch-freeze-to-frozen').click()
  const freeze = page.getByTestId('switch-freeze')
  await expect(freeze.getByLabel(/^Every process stands still/)).toBeVisible()
  expect(await comesBack('beat')).toBe(false)
  await page.getByTestId('session-thaw').click()
  await expect(page.getByTestId('switch-freeze-to-run')).toBeChecked()
  await expect.poll(() => comesBack('beat')).toBe(true)

  await expect.poll(() => text('copy')).toBe('TOKEN=1\n')
  await page.getByTestId('switch-secrets-to-masked').click()
  await expect(page.getByTestId('switch-secrets-to-masked')).toBeChecked()
  await isProven(page, 'switch-secrets', 'files')
  await expect.poll(() => comesBack('copy')).toBe(true)
  expect(await text('copy')).toBe('')

  expect(await comesBack('made')).toBe(true)
  await page.getByTestId('switch-workspace-to-read').click()
  await expect(page.getByTestId('switch-workspace-to-read')).toBeChecked()
  await isProven(page, 'switch-workspace', 'files')
  await page.getByRole('tab', { name: 'Events' }).click()
  await page.getByLabel('Filter events').fill('Started again')
  await expect(page.getByRole('option', { name: /workspace read only/ })).toBeVisible()
  expect(await comesBack('made')).toBe(false)

  // Back is more than it has: said first, and done only then.
  await page.getByTestId('switch-workspace-to-write').click()
  await page.getByTestId('confirm-change-confirm').click()
  await expect(page.getByTestId('switch-workspace-to-write')).toBeChecked()
  await isProven(page, 'switch-workspace', 'files')
  await expect.poll(() => comesBack('made')).toBe(true)
  // What was turned before is as it was left.
  await expect(page.getByTestId('switch-secrets-to-masked')).toBeChecked()
  await expect(page.getByTestId('limit-in-force-disk')).toContainText('64 MiB')
  await stopSession(page)
})

test('the network is what its switch says, at once and proven, and goes back with one click', async () => {
  const { page } = app
  const url = 'http://api.example.test/'
  await startFirstSession(page, 'command', 'sh loop.sh')
  const network = page.getByTestId('network-switch')
  const axis = page.getByTestId('axis-network')
  const prompts = page.getByTestId('prompt-host')
  for (const mode of ['closed', 'listed']) {
    await page.getByTestId(`network-mode-${mode}`).click()
    await expect(network.getByLabel(/^Proven at/)).toBeVisible()
    await expect(axis).toHaveAttribute('data-look', 'narrow')
    await askFor(url)
    await expect.poll(() => text('code')).toBe('403')
    await expect(prompts).toHaveCount(0)
  }
  await page.getByTestId('network-mode-ask').click()
  await askFor(url)
  await expect(prompts).toContainText('api.example.test')

  // What waits is let through by the one who opened it, and it is said that nothing holds now.
  await page.getByTestId('network-mode-open').click()
  await page.getByTestId('confirm-open-network-confirm').click()
  await expect.poll(() => text('code')).toBe('200')
  expect(await text('answer')).toBe('from the host')
  await expect(prompts).toHaveCount(0)
  await expect(page.getByTestId('network-countdown')).toContainText(/1[45]:\d\d/)
  await expect(axis).toHaveAttribute('data-look', 'open')
  await expect(network.getByLabel(/^Not proven/)).toBeVisible()
  await askFor(url)
  await expect.poll(() => text('code')).toBe('200')

  await page.getByTestId('network-return').click()
  await expect(network.getByLabel(/^Proven at/)).toBeVisible()
  await expect(page.getByTestId('network-countdown')).toHaveCount(0)
  await askFor(url)
  await expect(prompts).toContainText('api.example.test')
  await page.getByRole('tab', { name: 'Events' }).click()
  await page.getByLabel('Filter events').fill('Network')
  await expect(page.getByRole('option', { name: /open/i }).first()).toBeVisible()
  await stopSession(page)
})

test('a sign-in is given and taken back', async () => {
  const { page } = app
  await startFirstSession(page, 'codex')
  await expect.poll(() => text('state')).toBe('a stranger\n')
  // More than it has: said first.
  await page.getByTestId('switch-sign-in-to-copy').click()
  await expect(page.getByTestId('confirm-change')).toContainText('sign-in')
  await page.getByTestId('confirm-change-confirm').click()
  await expect(page.getByTestId('switch-sign-in-to-copy')).toBeChecked()
  await isProven(page, 'switch-sign-in', 'credentials')
  await expect.poll(() => text('state')).toBe('signed in\n')
  await page.getByTestId('switch-sign-in-to-none').click()
  await expect(page.getByTestId('switch-sign-in-to-none')).toBeChecked()
  await isProven(page, 'switch-sign-in', 'credentials')
  await stopSession(page)
})
