import { expect, test } from 'vitest'
import { plain, table } from '../../../src/main/cli/print.ts'

test('what a terminal would obey, or a reader be misled by, is made visible', () => {
  expect(plain('a\u001b]0;title\u0007b\r\nc')).toBe('a�]0;title�b��c')
  expect(plain('gnp.\u202eexe')).toBe('gnp.�exe')
  expect(plain('\u009b31m')).toBe('�31m')
  expect(plain('größer, 日本')).toBe('größer, 日本')
})

test('columns are as wide as their widest cell, and no line ends in blanks', () => {
  expect(
    table([
      ['ID', 'NAME'],
      ['1', ''],
      ['100', 'x'],
    ]),
  ).toBe('ID   NAME\n1\n100  x')
})
