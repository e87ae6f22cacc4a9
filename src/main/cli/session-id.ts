/** What a session's id begins with, of what a person wrote of it. */
export const startOfId = (wanted: string): string =>
  wanted.startsWith('ses_') ? wanted : `ses_${wanted}`
