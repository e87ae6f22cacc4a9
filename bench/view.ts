// How smoothly the window shows a session while thousands of processes start and end: frames that
// were dropped in a real Chromium, with the same page at rest beside it. The made-up host runs in
// the page as well, so what it costs is in the numbers.
import { chromium, type Page } from '@playwright/test'
import { serveHarness } from '../test/visual/serve.ts'

const STANDING = 10_000
const PER_SECOND = 2000
const FRAME_MS = 1000 / 60

export interface ViewBench {
  readonly name: string
  readonly frames: number
  /** Frames that were due and not drawn. */
  readonly dropped: number
  readonly longestMs: number
}

const watchFrames = (page: Page, ms: number): Promise<number[]> =>
  page.evaluate(
    (duration) =>
      new Promise<number[]>((resolve) => {
        const gaps: number[] = []
        const start = performance.now()
        let last = start
        const frame = (now: number): void => {
          gaps.push(now - last)
          last = now
          if (now - start < duration) requestAnimationFrame(frame)
          else resolve(gaps.slice(1))
        }
        requestAnimationFrame(frame)
      }),
    ms,
  )

const storm = (page: Page, standing: number, perSecond: number): Promise<void> =>
  page.evaluate(
    ([stay, rate]) => {
      const { fakeHost } = window as unknown as {
        fakeHost: { storm(standing: number, perSecond: number): () => void }
      }
      fakeHost.storm(stay, rate)
    },
    [standing, perSecond] as const,
  )

async function measure(page: Page, name: string, ms: number): Promise<ViewBench> {
  const gaps = await watchFrames(page, ms)
  const dropped = gaps.reduce((sum, gap) => sum + Math.max(0, Math.round(gap / FRAME_MS) - 1), 0)
  return { name, frames: gaps.length, dropped, longestMs: Math.max(...gaps) }
}

const rounds = Number(process.argv[4])
const ms = rounds * 1000
const server = await serveHarness()
const browser = await chromium.launch({
  executablePath: process.env.CLOCHE_TEST_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--disable-gpu', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
})
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
await page.goto(`${server.url}?scenario=quiet#/sessions/ses_00000001`)
await page.getByTestId('inspector-tab-processes').click()
await page.getByTestId('process-rows').waitFor({ timeout: 20_000 })
const rows: ViewBench[] = [await measure(page, 'at rest, 13 processes', ms)]
await storm(page, STANDING, 0)
await page.waitForTimeout(2000)
rows.push(await measure(page, `at rest, ${STANDING} processes`, ms))
await storm(page, 0, PER_SECOND)
await page.waitForTimeout(2000)
rows.push(await measure(page, `${PER_SECOND} starts and ends a second, tree and timeline`, ms))
await page.getByTestId('timeline-tab-flame').click()
rows.push(await measure(page, `${PER_SECOND} a second, tree and processes over time`, ms))
await page.waitForTimeout(20_000)
rows.push(await measure(page, `${PER_SECOND} a second, after another 20 s of it`, ms))
await browser.close()
await server.close()

console.log(`\nFrames of a window while processes start and end, ${rounds} s each`)
for (const { name, frames, dropped, longestMs } of rows)
  console.log(
    `  ${name.padEnd(58)} ${String(dropped).padStart(4)} of ${frames + dropped} dropped, longest ${longestMs.toFixed(0)} ms`,
  )
process.send?.(rows)
