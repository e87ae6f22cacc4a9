import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fetchElectron, findElectron } from './lib/electron.mjs'
import { readOptions } from './lib/options.mjs'
import { prepare, ROOT } from './lib/prepare.mjs'
import { run, runHere, which } from './lib/run.mjs'
import { fail, say } from './lib/say.mjs'
import { startTestEngine } from './lib/test-engine.mjs'
import { installAgents, prepareTestMachine } from './lib/test-machine.mjs'
import { startPodman } from './lib/test-podman.mjs'
import { ordinaryUser } from './lib/test-user.mjs'

/** The suite, in order. Parts of it are run with `--only NAME,NAME`. */
const PARTS = ['checks', 'unit', 'real', 'containers', 'podman', 'visual', 'machines', 'e2e']
const WITH_ENGINE = ['real', 'containers', 'podman', 'visual', 'machines', 'e2e']

const total = { passed: 0, failed: 0, skipped: 0 }
const notes = []
/** Titles by words: one cause fails many tests, and the end of a long log must hold all. */
const failures = new Map()
/** Of those that only passed on their second try. */
const firstTries = new Map()

const MOST_TITLES = 4

function group(known, title, words) {
  known.set(words, [...(known.get(words) ?? []), title])
}

function failed(title, words) {
  group(failures, title, words)
}

function sayAll(kind, known) {
  for (const [words, titles] of known) {
    console.log(`${kind}: ${words}`)
    for (const title of titles.slice(0, MOST_TITLES)) console.log(`  ${title}`)
    if (titles.length > MOST_TITLES) console.log(`  and ${titles.length - MOST_TITLES} more`)
  }
}

function add(label, counts) {
  total.passed += counts.passed
  total.failed += counts.failed
  total.skipped += counts.skipped ?? 0
  if (counts.passed + counts.failed === 0) {
    total.failed++
    failed(label, 'ran no test')
  } else if (counts.failed > 0) failed(label, `${counts.failed} failed`)
}

const bin = (root, name) => join(root, 'node_modules/.bin', name)

async function checks() {
  const commands = {
    types: [bin(ROOT, 'tsc'), ['--build']],
    lint: [bin(ROOT, 'oxlint'), ['--type-aware', '--deny-warnings']],
    format: [bin(ROOT, 'biome'), ['format', '.']],
    'unused code': [bin(ROOT, 'knip'), []],
  }
  for (const [name, [command, args]] of Object.entries(commands)) {
    say(`checking ${name}`)
    const code = await run(command, args, { cwd: ROOT })
    add(name, code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 })
  }
}

/** Runs a vitest project and adds what its own report counted. */
async function vitest(project, user, { label = project, env = {}, files = [] } = {}) {
  say(`vitest: ${label}`)
  const file = join(user.root, `out/test/${label.replaceAll(' ', '-')}.json`)
  rmSync(file, { force: true })
  const code = await user.start(
    process.execPath,
    [join(user.root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', project, ...files],
    { cwd: user.root, env: { ...env, CLOCHE_TEST_REPORT: file } },
  )
  const report = readReport(file) ?? {
    passed: 0,
    failed: 0,
    skipped: [],
    failures: [],
    retried: [],
  }
  for (const { title, words } of report.failures) failed(`${label}: ${title}`, words)
  for (const title of report.skipped) notes.push(`not exercised in ${label}: ${title}`)
  for (const { title, words } of report.retried) group(firstTries, `${label}: ${title}`, words)
  add(label, {
    passed: report.passed,
    // A file that fails to load is a failed suite without a failed test.
    failed: Math.max(report.failed, code === 0 ? 0 : 1),
    skipped: report.skipped.length,
  })
}

/** Ends the engine that is running now. */
let endPodman = async () => undefined

/** Of the suites that are run with Podman; the start and its proof are run with both. */
const OF_ROOT = ['containers/containers.test', 'containers/manage']
const OF_USER = ['containers/containers.test', 'enforcement/file-policy', 'integration/host']

/** With Podman as root runs it, where we are root, and as an ordinary user does. */
async function podman(user) {
  const kinds = user.person
    ? [
        ['podman', null, OF_ROOT],
        ['podman of a user', user.person, OF_USER],
      ]
    : [['podman of a user', null, OF_USER]]
  for (const [label, person, files] of kinds) {
    const { env, end, reason } = await startPodman(person)
    if (reason !== undefined) {
      notes.push(`not exercised: ${label}, because ${reason}`)
      if (process.env.CI) add(label, { passed: 0, failed: 1 })
      continue
    }
    endPodman = end
    try {
      await vitest('podman', user, { label, files, env })
    } finally {
      endPodman = async () => undefined
      await end()
    }
  }
}

async function playwright(name, user, args) {
  say(`playwright: ${name}`)
  const results = join(user.root, 'out/test', name)
  const command = [
    process.execPath,
    join(user.root, 'node_modules/@playwright/test/cli.js'),
    'test',
    ...args,
  ]
  // A window needs a display; the suite brings its own, so nothing opens on the developer's.
  const xvfb = which('xvfb-run')
  const [program, ...rest] = xvfb
    ? [xvfb, '-a', '-s', '-screen 0 1600x1000x24', ...command]
    : command
  const code = await user.start(program, rest, {
    cwd: user.root,
    env: { CLOCHE_TEST_RESULTS: results },
  })
  const report = readReport(join(results, 'e2e.json'))
  const stats = report?.stats
  for (const { title, words } of withStatus('unexpected', report?.suites ?? []))
    failed(`${name}: ${title}`, words)
  // A second try is allowed (real agents, real windows, a busy machine), but never hidden.
  for (const { title, words } of withStatus('flaky', report?.suites ?? []))
    group(firstTries, `${name}: ${title}`, words)
  for (const { title, reason } of skipped(report?.suites ?? []))
    notes.push(`not exercised in ${name}: ${title} (${reason})`)
  add(name, {
    passed: (stats?.expected ?? 0) + (stats?.flaky ?? 0),
    failed: Math.max(stats?.unexpected ?? 0, code === 0 ? 0 : 1),
    skipped: stats?.skipped ?? 0,
  })
}

/** What is started beside something else says its words when it has ended. */
async function saidLater(name, user, work) {
  const file = join(ROOT, `out/test/${name.replaceAll(' ', '-')}.log`)
  const log = openSync(file, 'w')
  const start = (command, args, options) =>
    user.start(command, args, { ...options, stdio: ['ignore', log, log] })
  await work({ ...user, start }).finally(() => closeSync(log))
  const words = readFileSync(file, 'utf8')
  if (words === '') return
  say(`${name}, in their own words`)
  process.stdout.write(words)
}

/** Every skipped test of a Playwright report, with the reason it gave. */
function skipped(suites) {
  return suites.flatMap((suite) => [
    ...skipped(suite.suites ?? []),
    ...(suite.specs ?? []).flatMap((spec) =>
      spec.tests
        .filter((item) => item.status === 'skipped')
        .map((item) => ({
          title: spec.title,
          reason: item.annotations.find(({ type }) => type === 'skip')?.description ?? 'no reason',
        })),
    ),
  ])
}

/** Every such test of a Playwright report, with the first line of its first error. */
function withStatus(status, suites) {
  return suites.flatMap((suite) => [
    ...withStatus(status, suite.suites ?? []),
    ...(suite.specs ?? []).flatMap((spec) =>
      spec.tests
        .filter((item) => item.status === status)
        .map((item) => ({
          title: spec.title,
          words:
            item.results.find(({ error }) => error)?.error.message?.split('\n')[0] ?? 'no words',
        })),
    ),
  ])
}

const readReport = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null)

function readParts() {
  const { only } = readOptions('npm test [-- options]', {
    only: { value: 'PART,…', does: `run parts of it: ${PARTS.join(', ')}` },
  })
  const parts = only?.split(',') ?? PARTS
  const unknown = parts.find((name) => !PARTS.includes(name))
  if (unknown !== undefined)
    fail(`--only takes ${PARTS.join(', ')}, one or several with commas, not "${unknown}".`, 2)
  return parts
}

const parts = readParts()
await prepare()
await prepareTestMachine()
if (parts.some((name) => name !== 'visual' && WITH_ENGINE.includes(name))) await installAgents()
mkdirSync(join(ROOT, 'out/test'), { recursive: true })

/** Parts that were run; the end of the run minds one that was not. */
const begun = new Set()
async function part(name, work) {
  if (!parts.includes(name)) return
  begun.add(name)
  await work()
}

async function e2e(user) {
  const electron = findElectron() ?? (await fetchElectron(false))
  if (electron) await playwright('electron', user, ['--project=electron'])
  else if (process.env.CI) add('electron', { passed: 0, failed: 1 })
  else notes.push('not exercised: the Electron shell, because its binary could not be fetched')
  await playwright('web', user, ['--project=web'])
}

const self = { root: ROOT, start: runHere }
await part('checks', checks)
await part('unit', () => vitest('unit', self))
if (parts.some((name) => WITH_ENGINE.includes(name))) {
  const engine = await startTestEngine()
  const user = ordinaryUser()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(signal, () => {
      say('stopped; what was started for the tests is being ended')
      void Promise.all([user.end(), engine.end(), endPodman()]).finally(() => process.exit(1))
    })
  try {
    await part('real', () => vitest('real', user))
    // An emulated machine is one processor's work for as long as all of these take.
    const others = async () => {
      await part('containers', () => vitest('containers', user))
      await part('podman', () => podman(user))
      await part('visual', () => playwright('visual', user, ['--project=visual']))
    }
    await Promise.all([
      others(),
      saidLater('machines', user, (apart) => part('machines', () => vitest('machines', apart))),
    ])
    await part('e2e', () => e2e(user))
  } finally {
    const left = await user.end()
    await engine.end()
    // null: as an ordinary user's own tests run among everything else of that user.
    if (left)
      add('left behind', left.length === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 })
    for (const process of left ?? []) failed(process, 'left behind')
  }
}

for (const name of parts) if (!begun.has(name)) add(name, { passed: 0, failed: 0 })

console.log('')
for (const note of notes) console.log(note)
sayAll('only on the second try', firstTries)
sayAll('failed', failures)
if (total.skipped > 0) console.log(`${total.skipped} skipped`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exit(total.failed === 0 ? 0 : 1)
