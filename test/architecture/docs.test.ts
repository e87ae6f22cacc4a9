import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { filesBelow, REPO, textOf } from './sources.ts'

const documents = filesBelow('.', ['.md']).filter((file) => !file.startsWith('test/fixtures'))

test('there are documents to check', () => {
  expect(documents).toEqual(
    expect.arrayContaining([
      'README.md',
      'CONTEXT.md',
      'CONTRIBUTING.md',
      'SECURITY.md',
      'CHANGELOG.md',
    ]),
  )
})

test('every path of ours that a document names exists', () => {
  const missing: string[] = []
  let seen = 0
  for (const document of documents) {
    const text = textOf(document)
    const named = [
      ...text.matchAll(/`((?:src|test|scripts|docs|resources|\.ci)\/[\w./-]*)`/g),
      ...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g),
    ].map((match) => match[1]!)
    for (const path of named) {
      seen++
      if (!existsSync(join(REPO, path))) missing.push(`${document}: ${path}`)
    }
  }
  expect(seen).toBeGreaterThan(10)
  expect(missing).toEqual([])
})
