import { z } from 'zod'

/** `name`, `host:port/path/name:tag`, `name@sha256:…` or an id. */
export const ImageName = z
  .string()
  .max(512)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/)
