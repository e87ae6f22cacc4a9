export const NEW_TERMINAL_KEY = 'Mod+Shift+D'
