import { afterEach, describe, expect, test, vi } from 'vitest'

vi.stubGlobal('window', { location: { hash: '' } })
const { COMMANDS, commandFor } = await import('../../../src/renderer/commands.ts')
const { matchesChord, showChord } = await import('../../../src/renderer/keys.ts')

const press = (key: string, patch: Partial<KeyboardEvent> = {}): KeyboardEvent =>
  ({
    key,
    code: /^[a-z]$/i.test(key) ? `Key${key.toUpperCase()}` : key,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    altKey: false,
    ...patch,
  }) as KeyboardEvent

afterEach(() => vi.unstubAllGlobals())

describe.each([
  ['Linux x86_64', { ctrlKey: true }],
  ['MacIntel', { metaKey: true }],
])('chords on %s', (platform, mod) => {
  test('the palette', () => {
    vi.stubGlobal('navigator', { platform })
    expect(matchesChord(press('P', { ...mod, shiftKey: true }), 'Mod+Shift+P')).toBe(true)
    expect(matchesChord(press('p', mod), 'Mod+Shift+P')).toBe(false)
    expect(matchesChord(press('P', { shiftKey: true }), 'Mod+Shift+P')).toBe(false)
    expect(matchesChord(press('P', { ...mod, shiftKey: true, altKey: true }), 'Mod+Shift+P')).toBe(
      false,
    )
  })
})

describe('the table of commands', () => {
  test('ids are unique', () => {
    const ids = COMMANDS.map((command) => command.id)
    expect(ids).toEqual([...new Set(ids)])
  })

  test('a bare key always says where it works', () => {
    const bare = COMMANDS.filter((item) => item.keys.some((key) => !key.includes('Mod+')))
    expect(bare.filter((item) => !item.place)).toEqual([])
  })

  test('nothing dangerous has a key', () => {
    // Stop all is for a hurry: it has a chord, never a bare letter, and asks before it stops.
    expect(COMMANDS.find(({ id }) => id === 'stop-all')?.keys).toEqual(['Mod+Shift+X'])
    const dangerous = COMMANDS.filter(({ id }) => id !== 'stop-all').filter((item) =>
      /stop|kill|remove|restart/.test(item.id),
    )
    expect(dangerous.length).toBeGreaterThan(2)
    expect(dangerous.flatMap((item) => item.keys)).toEqual([])
  })

  test('a focused terminal keeps every key but our chords', () => {
    vi.stubGlobal('navigator', { platform: 'Linux x86_64' })
    expect(commandFor(press('p', { ctrlKey: true }), 'terminal')).toBeNull()
    expect(commandFor(press('?'), 'terminal')).toBeNull()
    expect(commandFor(press('P', { ctrlKey: true, shiftKey: true }), 'terminal')?.id).toBe(
      'palette',
    )
    expect(commandFor(press('p', { ctrlKey: true }), 'other')?.id).toBe('go.session')
    expect(commandFor(press('?'), 'text')).toBeNull()
  })

  test('keys are shown as they are pressed', () => {
    vi.stubGlobal('navigator', { platform: 'Linux x86_64' })
    expect(showChord('Mod+Shift+P')).toEqual(['Ctrl', 'Shift', 'P'])
    expect(showChord('+')).toEqual(['+'])
  })
})
