import { parseArgs } from 'node:util'
import { fail } from './say.mjs'

/**
 * Reads the command line by a table of `name: { does, value? }`; `value` names what the option
 * takes. Prints the table for `--help`; anything unknown is refused.
 */
export function readOptions(usage, table) {
  const help = `${usage}\n\n${rows({ ...table, help: { does: 'this text' } }).join('\n')}\n`
  let values
  try {
    values = parseArgs({
      options: Object.fromEntries(
        [...Object.keys(table), 'help'].map((name) => [
          name,
          { type: table[name]?.value ? 'string' : 'boolean' },
        ]),
      ),
    }).values
  } catch (cause) {
    fail(`${cause.message}\n\n${help}`, 2)
  }
  if (values.help) {
    console.log(help)
    process.exit(0)
  }
  return values
}

function rows(table) {
  const names = Object.entries(table).map(([name, { value, does }]) => [
    `--${name}${value ? ` ${value}` : ''}`,
    does,
  ])
  const width = Math.max(...names.map(([name]) => name.length))
  return names.map(([name, does]) => `  ${name.padEnd(width)}   ${does}`)
}
