import { access, constants } from 'node:fs/promises'

/** `mode`: what this user must be able to do with it, as `access` takes it. */
export const exists = (path: string, mode = constants.F_OK): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  )
