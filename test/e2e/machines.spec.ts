import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { release } from 'node:os'
import { spawnSync } from 'node:child_process'
import { expect, test } from '@playwright/test'
import { type App, launchApp, removePlace, type ShellName } from '../helpers/app.ts'
import { answerUntil, recordedText, stopSession } from '../helpers/person.ts'

const hasMachines = spawnSync('qemu-system-x86_64', ['--version']).status === 0
if (process.env.CI && !hasMachines) throw new Error('CI must have QEMU')
test.skip(!hasMachines, 'this machine has no QEMU')

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

test('a session in a virtual machine: chosen, proven, asked, and gone', async () => {
  test.setTimeout(180_000)
  const { page } = app
  await page.getByTestId('first-run-options').click()
  const form = page.getByTestId('new-session')
  await form.getByTestId('agent-shell').click()
  await form.getByTestId('folder-row').filter({ hasText: 'project' }).dblclick()
  await expect(form.getByTestId('level-vm')).toContainText(/processor/)
  await form.getByTestId('level-vm').click()
  await form.getByTestId('preview-button').click()
  const command = page.getByTestId('preview').getByTestId('policy-command')
  await expect(command).toContainText('qemu-system')
  await page.keyboard.press('Escape')
  await form.getByTestId('start-session').click()
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'running', {
    timeout: 60_000,
  })
  await expect(page.getByTestId('level-badge').first()).toHaveAttribute('data-level', 'vm')

  await page.getByTestId('terminal').click()
  await page.keyboard.type('uname -r; curl -sS http://api.example.test/; echo')
  await page.keyboard.press('Enter')
  const words = await answerUntil(page, 'api.example.test', 'allow')
  expect(words).toContain('curl')
  await expect.poll(() => recordedText(app.place)).toContain('from the host')
  expect(await recordedText(app.place)).not.toContain(`${release()}\r\n`)

  await page.getByRole('tab', { name: 'Events' }).click()
  await page.getByTestId('probe-again').click()
  await expect(page.getByText('Isolation probed: 4 of 4 axes proven').first()).toBeVisible()
  await expect(page.getByTestId('drift')).toHaveCount(0)

  // Down is a weaker wall, and is said first; up is one click.
  await page.getByTestId('move-to-os').click()
  await expect(page.getByTestId('confirm-change')).toContainText('kernel')
  await page.getByTestId('confirm-change-confirm').click()
  await expect(page.getByTestId('move-to-vm')).toBeVisible()
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'running')
  await page.getByTestId('move-to-vm').click()
  await expect(page.getByTestId('move-to-os')).toBeVisible({ timeout: 60_000 })
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'running')
  await expect(page.getByTestId('level-badge').first()).toHaveAttribute('data-level', 'vm')
  await stopSession(page)
})
