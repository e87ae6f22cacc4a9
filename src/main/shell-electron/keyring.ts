import { safeStorage } from 'electron'

/** Linux: what Electron falls back to without a keyring; its key is a constant anybody knows. */
const NO_KEYRING = ['basic_text', 'unknown']

/**
 * The desktop's keyring by name; null: there is none, or only a pretence of one. Known once the
 * application is ready.
 */
export function keyringName(): string | null {
  if (!safeStorage.isEncryptionAvailable()) return null
  if (process.platform === 'darwin') return 'the Keychain of your Mac'
  if (process.platform === 'win32') return 'the data protection of Windows'
  const backend = safeStorage.getSelectedStorageBackend()
  return NO_KEYRING.includes(backend) ? null : `the keyring of your desktop (${backend})`
}

/** In base64; null: the keyring did not do it. */
export function seal(text: string): string | null {
  try {
    return keyringName() === null ? null : safeStorage.encryptString(text).toString('base64')
  } catch {
    return null
  }
}

export function unseal(sealed: string): string | null {
  try {
    return keyringName() === null ? null : safeStorage.decryptString(Buffer.from(sealed, 'base64'))
  } catch {
    return null
  }
}
