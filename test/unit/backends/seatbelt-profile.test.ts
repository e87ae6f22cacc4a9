import { PLAIN_PLAN } from '../../helpers/plan.ts'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FileEntry } from '../../../src/main/backends/files/entries.ts'
import {
  seatbeltProfile,
  type SeatbeltParts,
  toolProfile,
} from '../../../src/main/backends/seatbelt/profile.ts'
import { decide, parseProfile } from '../../helpers/sbpl.ts'

// Built, not run: what the profile would decide is read from its text. No Mac confirmed it.

const W = '/Users/ada/project'
const entry = (
  name: string,
  access: FileEntry['access'],
  absent: FileEntry['absent'] = null,
): FileEntry => ({ path: `${W}/${name}`, kind: 'folder', access, origin: 'boundary', absent })

const parts = (changes: Partial<SeatbeltParts> = {}): SeatbeltParts => ({
  plan: {
    ...PLAIN_PLAN,
    level: 'os',
    workspace: W,
    argv: ['/usr/bin/true'],
    home: '/Users/ada',
    user: 'ada',
    mounts: [
      { source: '/Users/ada/lib/homes/x/.agent', target: '/Users/ada/.agent', access: 'write' },
      { source: '/Users/ada/.nvm/v22', target: '/Users/ada/.nvm/v22', access: 'read' },
    ],
  },
  entries: [
    entry('.git', 'pin'),
    entry('.git/config', 'read'),
    entry('.git/hooks', 'read'),
    entry('.claude', 'read', 'folder'),
    entry('.env', 'mask'),
    entry('keys', 'deny'),
  ],
  gatewayPort: 4711,
  temporary: '/private/tmp/cloche-1/tmp',
  home: '/Users/ada/lib/homes/x',
  channels: ['/private/tmp/cloche-1/report'],
  ...changes,
})

function decisions(changes: Partial<SeatbeltParts> = {}) {
  const { text, parameters } = seatbeltProfile(parts(changes))
  const forms = parseProfile(text)
  return (operation: string, subject: string) => decide(forms, parameters, { operation, subject })
}

test('the text is as it was reviewed', async () => {
  const { text, parameters } = seatbeltProfile(parts())
  const shown = [...parameters].map(([name, path]) => `; ${name} = ${path}\n`).join('')
  await expect(`${text}${shown}`).toMatchFileSnapshot(
    resolve(import.meta.dirname, 'golden/seatbelt.sb'),
  )
})

describe('what it would decide', () => {
  const asked = decisions()
  test.each<[string, string, 'allow' | 'deny']>([
    ['file-read-data', `${W}/src/a.ts`, 'allow'],
    ['file-write-data', `${W}/src/a.ts`, 'allow'],
    ['file-write-create', `${W}/new`, 'allow'],
    ['file-read-data', '/usr/bin/git', 'allow'],
    ['file-write-data', '/usr/bin/git', 'deny'],
    ['file-read-data', '/Users/ada/.ssh/id_ed25519', 'deny'],
    ['file-read-metadata', '/Users/ada', 'allow'],
    ['file-read-data', '/Users/ada', 'deny'],
    ['file-read-data', '/Users/ada/other/notes', 'deny'],
    ['file-read-data', '/Users/ada/projectile/notes', 'deny'],
    ['file-write-create', '/Users/ada/.zshrc', 'deny'],
    ['file-read-data', '/Users/ada/Library/Keychains/login.keychain-db', 'deny'],
    ['file-read-data', '/private/etc/master.passwd', 'deny'],
    ['file-write-data', '/Users/ada/lib/homes/x/.agent/state', 'allow'],
    ['file-read-data', '/Users/ada/.nvm/v22/bin/node', 'allow'],
    ['file-write-data', '/Users/ada/.nvm/v22/bin/node', 'deny'],
    ['file-read-data', `${W}/.git/hooks/pre-commit`, 'allow'],
    ['file-write-create', `${W}/.git/hooks/pre-commit`, 'deny'],
    ['file-write-data', `${W}/.git/config`, 'deny'],
    ['file-write-data', `${W}/.git/index`, 'allow'],
    ['file-write-unlink', `${W}/.git`, 'deny'],
    ['file-write-create', `${W}/.claude/settings.json`, 'deny'],
    ['file-write-create', `${W}/.CLAUDE`, 'deny'],
    ['file-write-create', `${W}/.Git/Hooks/pre-commit`, 'deny'],
    ['file-read-data', `${W}/.env`, 'deny'],
    ['file-read-data', `${W}/.environment`, 'allow'],
    ['file-read-data', `${W}/keys/one`, 'deny'],
    ['file-write-data', '/dev/null', 'allow'],
    ['file-write-data', '/dev/disk0', 'deny'],
    ['network-outbound', 'localhost:4711', 'allow'],
    ['network-outbound', 'localhost:5432', 'deny'],
    ['network-outbound', '192.0.2.1:443', 'deny'],
    ['network-outbound', '/var/run/docker.sock', 'deny'],
    ['network-bind', 'localhost:8080', 'deny'],
    ['mach-lookup', 'com.apple.system.opendirectoryd.libinfo', 'allow'],
    ['mach-lookup', 'com.apple.SecurityServer', 'deny'],
    ['mach-lookup', 'com.apple.pasteboard.1', 'deny'],
    ['mach-lookup', 'com.apple.coreservices.launchservicesd', 'deny'],
    ['appleevent-send', 'com.apple.finder', 'deny'],
    ['job-creation', 'x', 'deny'],
    ['signal', 'same-sandbox', 'allow'],
    ['signal', 'others', 'deny'],
    ['iokit-open', 'x', 'deny'],
    ['file-write-data', '/private/tmp/cloche-1/report', 'allow'],
  ])('%s %s: %s', (operation, subject, decision) => {
    expect(asked(operation, subject)).toBe(decision)
  })
})

describe('around a virtual machine', () => {
  const { plan } = parts()
  const machine = parts({
    plan: {
      ...plan,
      argv: ['/c/vm-runner', 'proxy', '--', '/opt/homebrew/bin/qemu-system-aarch64'],
      mounts: [
        ...plan.mounts,
        { source: '/c/kernel', target: '/c/kernel', access: 'read' },
        { source: '/private/tmp/cloche-2/lines', target: '/x', access: 'read' },
      ],
      sockets: ['/private/tmp/cloche-2/lines'],
    },
  })

  test('the text is as it was reviewed', async () => {
    const { text, parameters } = seatbeltProfile(machine)
    const shown = [...parameters].map(([name, path]) => `; ${name} = ${path}\n`).join('')
    await expect(`${text}${shown}`).toMatchFileSnapshot(
      resolve(import.meta.dirname, 'golden/seatbelt-machine.sb'),
    )
  })

  const asked = decisions(machine)
  test.each<[string, string, 'allow' | 'deny']>([
    ['file-read-data', '/c/kernel', 'allow'],
    ['file-write-data', '/c/kernel', 'deny'],
    ['file-write-data', `${W}/src/a.ts`, 'allow'],
    // Whatever becomes of the machine's kernel: QEMU itself may not.
    ['file-write-create', `${W}/.git/hooks/pre-commit`, 'deny'],
    ['file-read-data', `${W}/.env`, 'deny'],
    ['file-read-data', '/Users/ada/.ssh/id_ed25519', 'deny'],
    ['network-outbound', '/private/tmp/cloche-2/lines/control', 'allow'],
    ['network-outbound', '/private/tmp/cloche-2/other', 'deny'],
    ['network-outbound', '/var/run/docker.sock', 'deny'],
    ['network-outbound', 'localhost:4711', 'allow'],
    ['network-outbound', 'localhost:5432', 'deny'],
    ['network-outbound', '192.0.2.1:443', 'deny'],
    ['network-bind', 'localhost:50123', 'allow'],
    ['network-inbound', 'localhost:50123', 'deny'],
    ['system-socket', 'AF_UNIX', 'allow'],
    ['system-socket', 'AF_INET', 'deny'],
    ['iokit-open', 'IOUSBHostInterface', 'deny'],
  ])('%s %s: %s', (operation, subject, decision) => {
    expect(asked(operation, subject)).toBe(decision)
  })
})

test('a tool writes in its one folder, and reads nothing of the person’s', () => {
  const { text, parameters } = toolProfile('/private/tmp/making')
  const forms = parseProfile(text)
  const asked = (operation: string, subject: string) =>
    decide(forms, parameters, { operation, subject })
  expect(asked('file-write-create', '/private/tmp/making/disk')).toBe('allow')
  expect(asked('file-read-data', '/opt/homebrew/bin/sqfstar')).toBe('allow')
  expect(asked('file-write-create', '/opt/homebrew/bin/other')).toBe('deny')
  expect(asked('file-read-data', '/Users/ada/.ssh/id_ed25519')).toBe('deny')
  expect(asked('file-write-create', '/private/tmp/other')).toBe('deny')
  expect(asked('network-outbound', 'localhost:4711')).toBe('deny')
})

describe('paths of any kind', () => {
  const nasty = fc
    .string({
      unit: fc.constantFrom(
        'a',
        'B',
        '"',
        '\\',
        '(',
        ')',
        '\n',
        ';',
        '#',
        '*',
        '[',
        '.',
        'é',
        ' ',
        '{',
      ),
      minLength: 1,
      maxLength: 12,
    })
    .filter((name) => name !== '.' && name !== '..')

  test('add no rule and remove none', () => {
    const rules = parseProfile(seatbeltProfile(parts({ entries: [] })).text).length
    fc.assert(
      fc.property(fc.array(nasty, { maxLength: 4 }), nasty, (names, workspace) => {
        const base = parts()
        const entries = names.map((name) => entry(name, 'read'))
        const plan = { ...base.plan, workspace: `/Users/ada/${workspace}` }
        const { text } = seatbeltProfile({ ...base, plan, entries })
        expect(parseProfile(text)).toHaveLength(rules + names.length)
      }),
    )
  })

  test('are held whatever they are called, and their neighbours are not', () => {
    fc.assert(
      fc.property(nasty, (name) => {
        const asked = decisions({ entries: [entry(name, 'read')] })
        expect(asked('file-write-create', `${W}/${name}`)).toBe('deny')
        expect(asked('file-write-create', `${W}/${name}/below`)).toBe('deny')
        // Names beyond ASCII may cover more than was meant, never less.
        if (!name.includes('é')) expect(asked('file-write-create', `${W}/zzz${name}`)).toBe('allow')
      }),
    )
  })
})
