import { z } from 'zod'
import { HostPattern } from './policy.ts'

export const VariableName = z
  .string()
  .max(128)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
export type VariableName = z.infer<typeof VariableName>

/**
 * One variable let into one session. `machine`: the value it has where Cloche was started; `kept`:
 * a value the person gave to Cloche. Values are never part of a spec, an event or a recording.
 */
export const VariableGrant = z.strictObject({
  name: VariableName,
  source: z.enum(['machine', 'kept']),
  /** Its value is blotted out in recordings and logs. */
  isSecret: z.boolean(),
  /**
   * Inside is only a stand-in; the gateway puts the value in its place in requests over TLS to these
   * hosts. Absent: the value itself is handed over.
   */
  standInFor: z.array(HostPattern).min(1).max(16).optional(),
})
export type VariableGrant = z.infer<typeof VariableGrant>

/** Variables a session can be given, names only. */
export const VariableList = z.strictObject({
  /** Names set where Cloche was started, those of the boundary's own allow-list left out. */
  machine: z.array(VariableName),
  kept: z.array(
    z.strictObject({
      name: VariableName,
      /** `keyring`: encrypted on disk with the desktop's keyring; `memory`: until Cloche ends. */
      place: z.enum(['keyring', 'memory']),
    }),
  ),
  /** Where a value given now would be kept, and why there. */
  storage: z.strictObject({ place: z.enum(['keyring', 'memory']), detail: z.string() }),
})
export type VariableList = z.infer<typeof VariableList>
