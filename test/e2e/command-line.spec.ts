import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from '@playwright/test'
import { type App, launchApp, removePlace, type ShellName } from '../helpers/app.ts'

const PROGRAM = resolve(import.meta.dirname, '../../out/main/cloche.mjs')

let app: App
test.beforeEach(async ({}, info) => {
  app = await launchApp({ shell: info.project.name as ShellName })
})
test.afterEach(async () => {
  await app.close()
  await removePlace(app.place)
})

const run = (...args: string[]): Promise<string> =>
  new Promise((done, failed) =>
    execFile(
      process.execPath,
      [PROGRAM, ...args, '--data-dir', app.place.dataDir],
      { cwd: app.place.workspace },
      (error, out, words) => (error ? failed(new Error(words)) : done(out)),
    ),
  )

test('what a terminal starts, the window shows and changes, and the terminal sees', async () => {
  const { page } = app
  // A window is there before its host is; what it shows of the host comes after the socket.
  await expect(page.getByTestId('first-run')).toBeVisible()
  // Two dashes end what is ours: the data folder is said before them.
  const started = new Promise<string>((done, failed) =>
    execFile(
      process.execPath,
      [
        ...[
          PROGRAM,
          'run',
          '--data-dir',
          app.place.dataDir,
          '--detach',
          '--title',
          'From a terminal',
        ],
        ...['--', 'sh', '-c', 'while :; do sleep 1; done'],
      ],
      { cwd: app.place.workspace },
      (error, out, words) => (error ? failed(new Error(words)) : done(out.trim())),
    ),
  )
  const id = await started
  const row = page.getByRole('option').filter({ hasText: 'From a terminal' })
  await row.click()
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'running')

  // One click, in force and proven again.
  await page.getByTestId('network-mode-closed').click()
  await expect(page.getByTestId('axis-network')).toHaveAttribute('data-look', /narrow|wide/)
  const [session] = JSON.parse(await run('ps', '--json'))
  expect(session).toMatchObject({ id, networkNow: { mode: 'closed', untilMs: null } })
  await page.getByTestId('network-mode-open').click()
  await page.getByTestId('confirm-open-network-confirm').click()
  await expect(page.getByTestId('open-network-chip')).toBeVisible()
  await expect(page.getByTestId('axis-network')).toHaveAttribute('data-look', 'open')
  await page.getByTestId('open-network-chip').click()
  await expect(page.getByTestId('axis-network')).toHaveAttribute('data-look', /narrow|wide/)

  expect(await run('stop', id)).toContain(`Stopped ${id}`)
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'ended')
})
