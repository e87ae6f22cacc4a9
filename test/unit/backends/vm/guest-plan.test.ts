import { describe, expect, test } from 'vitest'
import { guestPlan, sharesOf } from '../../../../src/main/backends/vm/guest-plan.ts'
import type { PlanInput } from '../../../../src/main/core/isolation/plan.ts'
import type { FileEntry } from '../../../../src/main/backends/files/entries.ts'
import { PLAIN_PLAN } from '../../../helpers/plan.ts'

const PLAN: PlanInput = {
  ...PLAIN_PLAN,
  level: 'vm',
  workspace: '/home/ada/work',
  home: '/home/ada',
  user: 'ada',
  argv: ['/usr/bin/tool', '', 'two words'],
  mounts: [
    { source: '/data/state', target: '/home/ada/.tool', access: 'write' },
    { source: '/srv/tool', target: '/srv/tool', access: 'read' },
    { source: '/srv/one-file', target: '/var/lib/one/file', access: 'read' },
  ],
}
const isFile = (path: string): boolean => path === '/srv/one-file'
const entry = (path: string, access: FileEntry['access'], kind: FileEntry['kind'] = 'folder') =>
  ({ path, access, kind, origin: 'person', absent: null }) satisfies FileEntry
const shares = (entries: readonly FileEntry[] = [], plan = PLAN) =>
  sharesOf(plan, { folders: ['/usr', '/opt'] }, entries, isFile).map(
    ({ path, access }) => `${access} ${path}`,
  )

test('a machine is given what the sandbox around it has, each once, and no kernel files', () => {
  expect(shares()).toEqual([
    ...['read /usr', 'read /opt', 'read /etc', 'write /home/ada', 'read /srv/tool'],
    'read /var/lib/one',
  ])
})

test('what is stricter below a share is held by the sandbox; what is wider is a share of its own', () => {
  expect(
    shares([
      entry('/home/ada/work/.git/hooks', 'read'),
      entry('/home/ada/work/.env', 'mask', 'file'),
    ]),
  ).toEqual(shares())
  const inOpt = { ...PLAN, workspace: '/opt/work' }
  expect(shares([], inOpt)).toContain('write /opt/work')
  expect(shares([entry('/data/more', 'write'), entry('/data/more/old', 'read')])).toContain(
    'write /data/more',
  )
})

test('the plan is told in words that no value can be taken for', () => {
  const words = guestPlan(PLAN, {
    ...{ uid: 1000, gid: 1000, shares: [], isObserved: false, hasProbe: true },
    layout: {
      ...{
        links: [['/bin', 'usr/bin']],
        folders: [],
        etcFolders: [],
        etcFiles: [],
        shell: '/bin/sh',
      },
      ...{ procReadOnly: [], procHiddenFiles: [], procHiddenFolders: [] },
    },
    env: { HOME: '/home/ada', ODD: 'arg\narg' },
    files: {},
    argv: PLAN.argv,
  })
  expect(words.slice(-10)).toEqual([
    ...[
      'probe',
      'try',
      'cwd',
      '/home/ada/work',
      'arg',
      '/usr/bin/tool',
      'arg',
      '',
      'arg',
      'two words',
    ],
  ])
  expect(words).toContain('ODD=arg\narg')
  // Also what this machine's kernel does not have.
  expect(words.join(' ')).toContain(
    'guard /proc/bus guard /proc/fs guard /proc/irq guard /proc/sys',
  )
  expect(words.join(' ')).toContain('hide /proc/sysrq-trigger')
})

describe('with the root of an image', () => {
  const imaged: PlanInput = { ...PLAN, image: 'it' }

  test('nothing of this machine’s system is shared, and of a folder of the image’s one file', () => {
    const own = {
      source: '/srv/one-file',
      target: '/etc/ssl/certs/all.pem',
      access: 'read',
    } as const
    const given = sharesOf(
      { ...imaged, mounts: [...PLAN.mounts, own] },
      { folders: ['/usr', '/opt'] },
      [entry('/usr/share/words', 'read', 'file'), entry('/home/ada/work/.env', 'mask', 'file')],
      isFile,
    )
    expect(given.filter(({ pieces }) => !pieces).map(({ path }) => path)).toEqual([
      ...['/home/ada', '/srv/tool'],
    ])
    expect(given.flatMap(({ pieces }) => pieces ?? []).map(({ path }) => path)).toEqual([
      ...['/usr/share/words', '/var/lib/one/file', '/etc/ssl/certs/all.pem'],
    ])
  })

  test('its own words come before anything is mounted, and its links are its own', () => {
    const words = guestPlan(imaged, {
      ...{ uid: 1000, gid: 1000, files: { '/etc/hosts': 'one\ntwo\n' } },
      shares: [
        { tag: 'share0', path: '/home/ada', access: 'write' },
        {
          ...{ tag: 'share1', path: '/etc/ssl', access: 'read' },
          pieces: [{ path: '/etc/ssl/all.pem', access: 'read' }],
        },
      ],
      layout: {
        ...{
          links: [['/bin', 'usr/bin']],
          folders: [],
          etcFolders: [],
          etcFiles: [],
          shell: '/bin/sh',
        },
        ...{ procReadOnly: [], procHiddenFiles: [], procHiddenFolders: [] },
      },
      ...{ env: {}, argv: ['/bin/sh'], isObserved: true, hasProbe: false },
    })
    const isOfProc = (word: string | undefined) => word === 'guard' || word === 'hide'
    expect(words.filter((word, i) => !isOfProc(word) && !isOfProc(words[i - 1]))).toEqual([
      ...['uid', '1000', 'gid', '1000', 'image', 'root', 'file', '/etc/hosts', 'one\ntwo\n'],
      ...['empty', '/run', 'memory', '/tmp', '1777', 'root', ''],
      ...[
        'memory',
        '/var/tmp',
        '1777',
        'root',
        '',
        'share',
        'share0',
        '/home/ada',
        'write',
        'mmap',
      ],
      ...['aside', 'share1', 'read', 'piece', 'share1', '/etc/ssl/all.pem', 'read'],
      ...['observed', '/home/ada/work', 'cwd', '/home/ada/work', 'arg', '/bin/sh'],
    ])
  })
})
