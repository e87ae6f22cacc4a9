/** All made-up times are relative to the start of the page. */
export const NOW = Date.now()
export const minutesAgo = (minutes: number): number => NOW - minutes * 60_000
