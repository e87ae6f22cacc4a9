import { z } from 'zod'

export const PortNumber = z.number().int().min(1).max(65535)

/** A port that a program of a session listens on. */
export const InsidePort = z.strictObject({
  port: PortNumber,
  /** The port of this machine's loopback that leads to it; null: none does. */
  localPort: PortNumber.nullable(),
})
export type InsidePort = z.infer<typeof InsidePort>
