import { chmod, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { type App, launchApp, makePlace, removePlace, type ShellName } from '../helpers/app.ts'

let app: App

test.beforeEach(async ({}, info) => {
  const place = await makePlace()
  const bin = join(place.root, 'bin')
  await mkdir(bin)
  await writeFile(join(bin, 'codex'), '#!/bin/sh\n')
  await chmod(join(bin, 'codex'), 0o644)
  app = await launchApp({
    shell: info.project.name as ShellName,
    place,
    env: { PATH: `${bin}:/usr/bin:/bin` },
  })
})
test.afterEach(async () => {
  await app.close()
  await removePlace(app.place)
})

async function chooseProject(agent: string): Promise<void> {
  const { page } = app
  await page.getByTestId(`agent-${agent}`).click()
  await page.getByTestId('folder-row').filter({ hasText: 'project' }).dblclick()
}

async function expectRefusal(words: RegExp): Promise<void> {
  const { page } = app
  await page.getByTestId('start-session').click()
  await expect(page.getByTestId('start-failure').first()).toContainText(words)
  await expect(page.locator('[data-testid=session-status][data-status=running]')).toHaveCount(0)
}

test('an agent that may not be executed', async () => {
  await chooseProject('codex')
  await expectRefusal(/execut/i)
})

test('a workspace that went away', async () => {
  await chooseProject('shell')
  await rename(app.place.workspace, `${app.place.workspace}-gone`)
  await expectRefusal(/folder|exist|there/i)
})

test('a command line that only a shell would understand', async () => {
  await chooseProject('command')
  await app.page.getByTestId('command-line').fill('echo a | cat')
  await expectRefusal(/sh -c/)
})

test('a program that is nowhere', async () => {
  await chooseProject('command')
  await app.page.getByTestId('command-line').fill('no-such-program --flag')
  await expectRefusal(/no-such-program/)
})
