// How smooth the timeline is over a session of a million events: what one frame costs in a real Chromium.
import { chromium } from '@playwright/test'
import { build } from 'vite'
import type { TimelineRow } from './timeline-page.ts'

const EVENTS = 1_000_000

/** The page's script. From the root. */
async function bundlePage(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      rolldownOptions: { input: 'bench/timeline-page.ts', output: { format: 'iife' } },
    },
  })
  const outputs = Array.isArray(result) ? result.flatMap(({ output }) => output) : []
  const script =
    'output' in result ? result.output.find((part) => part.type === 'chunk') : outputs[0]
  if (script?.type !== 'chunk') throw new Error('the page of the timeline was not built')
  return script.code
}

export async function measureTimeline(): Promise<TimelineRow[]> {
  const browser = await chromium.launch({
    executablePath: process.env.CLOCHE_TEST_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--disable-gpu', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  })
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  await page.setContent('<!doctype html><body></body>')
  await page.addScriptTag({ content: await bundlePage() })
  const rows = await page.evaluate((count) => {
    const { runTimeline } = window as unknown as {
      runTimeline(events: number): Promise<TimelineRow[]>
    }
    return runTimeline(count)
  }, EVENTS)
  await browser.close()
  console.log(`\nA frame of the timeline over ${EVENTS.toLocaleString('en')} events`)
  for (const { name, medianMs, worstMs } of rows)
    console.log(
      `  ${name.padEnd(40)} median ${medianMs.toFixed(1).padStart(7)} ms, worst ${worstMs.toFixed(1).padStart(7)} ms`,
    )
  return rows
}
