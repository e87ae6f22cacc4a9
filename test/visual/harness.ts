import { test as base, type Page } from '@playwright/test'
import { serveHarness } from './serve.ts'

const isRoot = process.getuid?.() === 0

/** Pages on a made-up host. A test fails when its page complains, whatever else it looked at. */
export const test = base.extend<
  { open: (scenario: string, route: string, options?: OpenOptions) => Promise<Page> },
  { harnessUrl: string; webgl: boolean }
>({
  // Without it a page stands in a fraction of the time, and the terminal's other way of drawing is looked at.
  webgl: [false, { option: true, scope: 'worker' }],
  harnessUrl: [
    async ({}, give) => {
      const server = await serveHarness()
      await give(server.url)
      await server.close()
    },
    { scope: 'worker' },
  ],
  launchOptions: async ({ webgl }, give) => {
    await give({
      executablePath: process.env.CLOCHE_TEST_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        ...['--disable-gpu', '--font-render-hinting=none'],
        ...(webgl ? [] : ['--disable-3d-apis']),
        ...(isRoot ? ['--no-sandbox'] : []),
      ],
    })
  },
  open: async ({ browser, harnessUrl }, give) => {
    const complaints: string[] = []
    const pages: Page[] = []
    await give(async (scenario, route, { theme = 'dark', width = 1440, height = 900 } = {}) => {
      const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme })
      pages.push(page)
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text())
      })
      await page.goto(`${harnessUrl}?scenario=${scenario}#/${route}`)
      return page
    })
    for (const page of pages) await page.close()
    if (complaints.length > 0) throw new Error(`the page complained:\n${complaints.join('\n')}`)
  },
})

interface OpenOptions {
  readonly theme?: 'light' | 'dark'
  readonly width?: number
  readonly height?: number
}

/** What reached the made-up host. */
export const seenBy = (page: Page): Promise<string[]> =>
  page.evaluate(() => (window as unknown as { fakeHost: { seen: string[] } }).fakeHost.seen)

/** Elements whose content is wider or taller than they show, though they do not scroll or clip. */
export const overflowing = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const root = document.documentElement
    const found = root.scrollWidth > innerWidth || root.scrollHeight > innerHeight ? ['page'] : []
    for (const element of document.querySelectorAll<HTMLElement>(
      'button, h1, h2, .chip, .tab, label',
    )) {
      const box = element.getBoundingClientRect()
      if (box.width === 0 || element.closest('.visually-hidden, .xterm')) continue
      const isClipped = getComputedStyle(element).overflow !== 'visible'
      if (!isClipped && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
        found.push(`${element.className} "${element.textContent?.slice(0, 40)}"`)
    }
    return found
  })

/** What a screen reader would stumble over: nameless controls, doubled ids, no landmark. */
export const unreadable = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const found: string[] = []
    const nameOf = (element: Element): string =>
      element.getAttribute('aria-label') ??
      (element.getAttribute('aria-labelledby') ? 'labelled' : null) ??
      (element instanceof HTMLInputElement || element instanceof HTMLSelectElement
        ? (element.labels?.[0]?.textContent ?? '')
        : (element.textContent ?? ''))
    for (const element of document.querySelectorAll(
      'button, input, select, [role=tab], [role=slider], [role=listbox], [role=tree], dialog',
    ))
      if (!element.closest('.xterm') && nameOf(element).trim() === '')
        found.push(`no name: ${element.outerHTML.slice(0, 120)}`)
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id)
    for (const id of ids)
      if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push(`doubled id: ${id}`)
    if (!document.querySelector('main')) found.push('no main landmark')
    for (const style of document.querySelectorAll('style'))
      found.push(`inline style: ${style.textContent?.slice(0, 80)}`)
    return found
  })
