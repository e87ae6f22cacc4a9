import { expect, test } from '@playwright/test'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type App, launchApp, removePlace, type ShellName } from '../helpers/app.ts'
import { answerUntil, recordedText, stopSession } from '../helpers/person.ts'

const hasEngine = spawnSync('docker', ['version', '--format', '{{.Server.Version}}']).status === 0
if (process.env.CI && !hasEngine) throw new Error('CI must have a container engine')
test.skip(!hasEngine, 'this machine has no container engine of this user’s')

let app: App
const server = createServer((_, response) => response.end('from the host'))

test.beforeEach(async ({}, info) => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  app = await launchApp({
    shell: info.project.name as ShellName,
    hosts: { 'api.example.test': `127.0.0.1:${port}` },
  })
})
test.afterEach(async () => {
  await app.close()
  await removePlace(app.place)
  server.close()
})

test('a session in a container: chosen, proven, asked, and gone', async () => {
  const { page } = app
  await page.getByTestId('first-run-options').click()
  const form = page.getByTestId('new-session')
  await form.getByTestId('agent-shell').click()
  await form.getByTestId('folder-row').filter({ hasText: 'project' }).dblclick()
  await form.getByTestId('level-container').click()
  await form.getByTestId('image-part').locator('summary').click()
  await expect(form.getByTestId('container-image')).toHaveValue('')
  await form.getByTestId('preview-button').click()
  await expect(page.getByTestId('preview').getByTestId('policy-command')).toContainText(
    'docker run',
  )
  await page.keyboard.press('Escape')
  await form.getByTestId('start-session').click()
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'running')
  await expect(page.getByTestId('level-badge').first()).toHaveAttribute('data-level', 'container')

  await page.getByTestId('terminal').click()
  await page.keyboard.type('stty size; curl -sS http://api.example.test/; echo')
  await page.keyboard.press('Enter')
  await answerUntil(page, 'api.example.test', 'allow')
  await expect.poll(() => recordedText(app.place)).toContain('from the host')

  // Tried again from inside by the engine: another report, and nothing has drifted.
  await page.getByRole('tab', { name: 'Events' }).click()
  await page.getByTestId('probe-again').click()
  await expect(page.getByText('Isolation probed: 4 of 4 axes proven').first()).toBeVisible()
  await expect(page.getByTestId('probe-again')).toBeEnabled()
  await expect(page.getByTestId('drift')).toHaveCount(0)

  // From the page of containers: a shell of the person's in it, and files in and out.
  const file = join(app.place.home, 'notes.txt')
  await writeFile(file, 'brought in\n')
  const copy = async (way: 'in' | 'out', inside: string, machine: string | null): Promise<void> => {
    await page.getByTestId('rail-containers').click()
    await page.getByTestId('container-files').click()
    const dialog = page.getByTestId('copy-files')
    await dialog.getByTestId(`copy-way-copy-${way}`).click()
    await dialog.getByTestId('copy-inside').fill(inside)
    if (machine !== null) await dialog.getByTestId('copy-machine').fill(machine)
    await dialog.getByTestId('copy-begin').click()
    await expect(dialog).toHaveCount(0)
  }
  await copy('in', '/tmp', file)
  await page.getByTestId('container-terminal').click()
  await expect(page.getByTestId('terminal-tab-1')).toHaveAttribute('aria-selected', 'true')
  await page.getByTestId('terminal').click()
  await page.keyboard.type(
    'until [ -s /tmp/notes.txt ]; do sleep 0.1; done; tr a-z A-Z </tmp/notes.txt >/tmp/loud.txt; cp /tmp/loud.txt seen; sleep 600',
  )
  await page.keyboard.press('Enter')
  const read = (path: string) => readFile(path, 'utf8').catch(() => '')
  await expect.poll(() => read(join(app.place.workspace, 'seen'))).toBe('BROUGHT IN\n')
  await copy('out', '/tmp/loud.txt', null)
  await expect.poll(() => read(join(app.place.home, 'loud.txt'))).toBe('BROUGHT IN\n')
  await page.getByTestId('rail-sessions').click()

  // Down is a weaker wall: it is said what goes, and nothing happens without a yes.
  await page.getByTestId('move-to-os').click()
  await expect(page.getByTestId('confirm-change')).toContainText('container engine')
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('confirm-change')).toHaveCount(0)
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'running')
  await page.getByTestId('move-to-os').click()
  await page.getByTestId('confirm-change-confirm').click()
  await expect(page.getByTestId('move-to-container')).toBeVisible()
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'running')
  // Up at once.
  await page.getByTestId('move-to-container').click()
  await expect(page.getByTestId('move-to-os')).toBeVisible()
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'running')
  await stopSession(page)
  const left = spawnSync('docker', [
    'ps',
    '--all',
    '--quiet',
    '--filter',
    'label=dev.cloche.kind=session',
  ])
  expect(left.stdout.toString()).toBe('')
})
