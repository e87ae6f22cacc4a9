import { expect } from '@playwright/test'
import { seenBy, test, overflowing } from './harness.ts'

test('an image is built from a folder, and what is missing is said first', async ({ open }) => {
  const page = await open('quiet', 'containers')
  await page.getByTestId('make-build').click()
  await page.getByTestId('make-name').fill('team/tools:1')
  await page.getByTestId('make-dockerfile').fill('')
  await page.getByTestId('make-begin').click()
  await expect(page.getByTestId('make-problem')).toContainText('Type the name of the Dockerfile')
  await page.getByTestId('make-dockerfile').fill('Dockerfile')
  await page.getByTestId('make-begin').click()
  await expect(page.getByTestId('make-image')).toHaveCount(0)
  const [request = ''] = (await seenBy(page)).filter((line) => line.startsWith('image '))
  expect(JSON.parse(request.slice('image '.length))).toEqual({
    ...{ kind: 'build', name: 'team/tools:1', folder: '/home/ada/src/lighthouse' },
    // The network is a person's choice.
    ...{ dockerfile: 'Dockerfile', network: 'none' },
  })
  await expect(page.getByTestId('image-job')).toHaveCount(3)
})

test('the log of what is made is seen, failures with their reason; what runs can be given up', async ({
  open,
}) => {
  const page = await open('quiet', 'containers')
  const [running, failed] = [
    page.locator('[data-testid=image-job][data-state=running]'),
    page.locator('[data-testid=image-job][data-state=failed]'),
  ]
  await expect(running.getByTestId('job-log')).toContainText('Step 3/4')
  await expect(failed.getByTestId('job-detail')).toContainText('pull access denied')
  await running.getByTestId('job-cancel').click()
  await expect.poll(() => seenBy(page)).toContainEqual('cancel job_00000001')
})

test('a log is narrowed to what a person looks for, by keys alone', async ({ open }) => {
  const page = await open('quiet', 'containers')
  const job = page.locator('[data-testid=image-job][data-state=running]')
  const [log, count] = [job.getByTestId('job-log'), job.getByTestId('job-log-filter-count')]
  const all = await log.locator('div').count()
  expect(all).toBeGreaterThan(2)
  await expect(count).toHaveText(`${all} lines`)
  await page.keyboard.press('/')
  await expect(job.getByTestId('job-log-filter')).toBeFocused()
  await page.keyboard.type('step')
  await expect(count).toContainText('hit')
  const hits = await log.locator('mark').count()
  expect(hits).toBeGreaterThan(0)
  expect(await log.locator('div').count()).toBeLessThan(all)
  for (const text of await log.locator('div').allTextContents()) expect(text).toMatch(/step/i)
  await page.keyboard.press('Enter')
  await expect(log).toBeFocused()
  await page.keyboard.press('/')
  await page.keyboard.type('nowhere')
  await expect(log).toHaveText('No line has that.')
  await page.keyboard.press('Escape')
  await expect(log.locator('div')).toHaveCount(all)
})

test('what the engine knows of a container is narrowed as well; Escape closes only then', async ({
  open,
}) => {
  const page = await open('quiet', 'containers')
  await page.getByTestId('container-inspect').first().click()
  const lines = page.getByTestId('inspect-lines')
  await expect(page.getByTestId('inspect-lines-filter')).toBeFocused()
  await page.keyboard.type('status')
  await expect(lines).toHaveText('"Status": "running"')
  await expect(page.getByTestId('inspect-lines-filter-count')).toHaveText('1 hit in 1 line')
  await page.keyboard.press('Escape')
  await expect(lines).toContainText('{')
  await page.keyboard.press('Escape')
  await expect(page.getByTestId('inspect-container')).toHaveCount(0)
})

test('what would be removed is shown with its size, and nothing else is removed', async ({
  open,
}) => {
  const page = await open('quiet', 'containers')
  await expect(page.getByTestId('container-row')).toHaveCount(4)
  await page.getByTestId('tidy').click()
  await expect(page.getByTestId('tidy-row')).toHaveCount(3)
  await expect(page.getByTestId('tidy-row').last()).toContainText(/Disk.*Last used/)
  await page.getByTestId('tidy-row').last().getByRole('checkbox').uncheck()
  await page.getByTestId('tidy-row').nth(1).getByRole('checkbox').uncheck()
  await expect(page.getByTestId('tidy-sum')).toContainText('18.9 MB')
  await page.getByTestId('tidy-remove').click()
  await expect.poll(() => seenBy(page)).toContainEqual('remove 1')
  await expect(page.getByTestId('container-row')).toHaveCount(3)
  await expect(page.getByTestId('done')).toContainText('free again')
})

test('another engine is chosen; one that refuses cannot be', async ({ open }) => {
  const page = await open('quiet', 'containers')
  await expect(page.getByTestId('engine-/run/podman/podman.sock')).toBeDisabled()
  await page.getByTestId('engine-/run/user/1000/podman/podman.sock').click()
  await expect.poll(() => seenBy(page)).toContainEqual('engine /run/user/1000/podman/podman.sock')
  await expect(page.getByTestId('engine-/run/user/1000/podman/podman.sock')).toBeChecked()
})

test('files go into a container and out of it, by paths that are typed', async ({ open }) => {
  const page = await open('quiet', 'containers')
  await page.getByTestId('container-files').first().click()
  await page.getByTestId('copy-begin').click()
  await expect(page.getByTestId('copy-problem')).toContainText('Type both paths')
  await page.getByTestId('copy-machine').fill('/home/ada/data.csv')
  await page.getByTestId('copy-inside').fill('/tmp/given')
  expect(await overflowing(page)).toEqual([])
  await page.getByTestId('copy-begin').click()
  await expect(page.getByTestId('copy-files')).toHaveCount(0)
  await expect(page.getByTestId('image-job').first()).toContainText('Copy in /home/ada/data.csv')
  await page.getByTestId('container-files').first().click()
  await page.getByTestId('copy-way').getByText('Copy out').click()
  await page.getByTestId('copy-inside').fill('/tmp/result')
  await page.getByTestId('folder-path').fill('/home/ada/src')
  await page.getByTestId('copy-begin').click()
  const copies = async () =>
    (await seenBy(page))
      .filter((line) => line.startsWith('copy '))
      .map((line) => JSON.parse(line.slice('copy '.length)))
  await expect.poll(copies).toMatchObject([
    { kind: 'copy-in', from: '/home/ada/data.csv', to: '/tmp/given' },
    { kind: 'copy-out', from: '/tmp/result', to: '/home/ada/src' },
  ])
})

test('a container leads to its session, and to what the engine knows of it', async ({ open }) => {
  const page = await open('quiet', 'containers')
  await page.getByTestId('container-inspect').first().click()
  await expect(page.getByTestId('inspect-container')).toContainText('"Status": "running"')
  // The name of the container in hexadecimal, as that editor wants it.
  await expect(page.getByTestId('inspect-container')).toContainText(
    "code --folder-uri 'vscode-remote://attached-container+636c6f6368652d313030312d613162326333/home/ada/src/lighthouse'",
  )
  await page.keyboard.press('Escape')
  await page.getByTestId('container-open').first().click()
  await expect(page.getByTestId('session-header')).toContainText('Fix the login redirect')
})

test('a dev container is chosen with its risks in view, built by an act, and started as it was seen', async ({
  open,
}) => {
  const page = await open('engine', 'sessions/ses_00000001')
  await page.getByTestId('new-session-button').click()
  await page.getByTestId('agent-claude-code').click()
  await page.getByTestId('level-container').click()
  await expect(page.getByTestId('dev-container-part-summary')).toContainText('not used')
  await page.getByTestId('dev-container-part').locator('summary').click()
  await expect(page.getByTestId('dev-problem')).toContainText('no service app')
  await page.getByTestId('dev-container').selectOption({ index: 1 })
  await expect(page.getByTestId('dev-risk')).toHaveCount(2)
  await expect(page.getByTestId('dev-command')).toHaveCount(2)
  // The image is the configuration's own.
  await expect(page.getByTestId('image-part')).toHaveCount(0)
  await expect(page.getByTestId('start-session')).toBeDisabled()
  await expect(page.getByTestId('dev-initialize')).not.toBeChecked()
  await page.getByTestId('dev-make').click()
  const requests = async () =>
    (await seenBy(page))
      .filter((line) => line.startsWith('image '))
      .map((line) => JSON.parse(line.slice('image '.length)))
  expect(await requests()).toEqual([
    {
      ...{ kind: 'dev', folder: '/home/ada/src/lighthouse', initializes: false },
      choice: { path: '.devcontainer/devcontainer.json', hash: 'ab'.repeat(32) },
      name: 'cloche-dev-0123456789ab:abababababab',
    },
  ])
})

test('the create commands of a dev container run once, by an act, in a session of their own', async ({
  open,
}) => {
  const page = await open('engine', 'sessions/ses_00000001')
  await page.getByTestId('new-session-button').click()
  await page.getByTestId('agent-claude-code').click()
  await page.getByTestId('level-container').click()
  await page.getByTestId('dev-container-part').locator('summary').click()
  const choice = page.getByTestId('dev-container')
  await choice.selectOption('.devcontainer/devcontainer.json')
  // There is no image yet that they could run in.
  await expect(page.getByTestId('dev-set-up-begin')).toBeDisabled()
  await choice.selectOption('.devcontainer/web/devcontainer.json')
  await expect(page.getByTestId('dev-not-started')).toContainText('postgres:17')
  await expect(page.getByTestId('dev-set-up-state')).toHaveText('Not set up yet.')
  await expect(page.getByTestId('start-session')).toBeDisabled()
  await expect(page.getByText('Set the dev container up first.')).toBeVisible()
  expect(await overflowing(page)).toEqual([])
  await page.getByTestId('dev-set-up-begin').click()
  await expect(page.getByTestId('start-session')).toHaveCount(0)
  const started = (await seenBy(page)).find((line) => line.startsWith('create ')) ?? ''
  expect(JSON.parse(started.slice('create '.length))).toMatchObject({
    ...{
      agent: 'shell',
      level: 'container',
      title: 'Set up web',
      useSignIn: false,
      network: 'ask',
    },
    devContainer: {
      ...{ path: '.devcontainer/web/devcontainer.json', hash: 'ef'.repeat(32), setsUp: true },
    },
  })
})

test('a virtual machine has this computer’s system or an image’s, and says what it cannot do', async ({
  open,
}) => {
  const page = await open('engine', 'sessions/ses_00000001')
  await page.getByTestId('new-session-button').click()
  await page.getByTestId('agent-claude-code').click()
  await page.getByTestId('level-vm').click()
  // A dev container is a container's.
  await expect(page.getByTestId('dev-container-part')).toHaveCount(0)
  await expect(page.getByTestId('image-part-summary')).toContainText('This computer’s system')
  await page.getByTestId('image-part').locator('summary').click()
  const system = page.getByTestId('image-part').getByLabel('System')
  const [, image = ''] = await system
    .locator('option')
    .evaluateAll((options) => options.map((option) => option.getAttribute('value') ?? ''))
  await system.selectOption(image)
  await expect(page.getByTestId('image-part-summary')).toContainText(image)
  await expect(page.getByTestId('image-part')).toContainText('nothing of this computer but')
  expect(await overflowing(page)).toEqual([])
  await page.getByTestId('start-session').click()
  await expect(page.getByTestId('session-freeze')).toHaveAttribute('title', /cannot be saved/)
  const started = (await seenBy(page)).find((line) => line.startsWith('create ')) ?? ''
  expect(JSON.parse(started.slice('create '.length))).toMatchObject({ level: 'vm', image })
})

test('a start that waits for the disk of an image says so, and how far it is', async ({ open }) => {
  const page = await open('engine', 'sessions/ses_00000001')
  await page.getByTestId('new-session-button').click()
  await page.getByTestId('agent-claude-code').click()
  await page.getByTestId('level-vm').click()
  await page.getByTestId('image-part').locator('summary').click()
  await page.getByTestId('image-part').getByLabel('System').selectOption({ index: 3 })
  await expect(page.getByTestId('start-progress')).toHaveCount(0)
  await page.getByTestId('start-session').click()
  await expect(page.getByTestId('start-progress')).toContainText(/becomes a disk, once.*43%/)
  await expect(page.getByTestId('start-session')).toBeDisabled()
  expect(await overflowing(page)).toEqual([])
  await page.getByTestId('start-give-up').click()
  await expect.poll(() => seenBy(page)).toContainEqual('cancel job_00000008')
})
