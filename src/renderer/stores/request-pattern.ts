import { RequestPattern } from '../../shared/domain/policy.ts'
import { err, ok, type Result } from '../../shared/result.ts'

/** A pattern as two fields have it; both empty: whole connections. */
export interface TypedRequest {
  readonly methods: string
  readonly path: string
}

export const typedRequest = (request: RequestPattern | undefined): TypedRequest => ({
  methods: request?.methods?.join(', ') ?? '',
  path: request?.path ?? '',
})

/** undefined: it speaks of whole connections; a sentence where it cannot be read. */
export function readRequestPattern({
  methods,
  path,
}: TypedRequest): Result<RequestPattern | undefined, string> {
  const words = methods
    .toUpperCase()
    .split(/[\s,]+/)
    .filter((word) => word !== '')
  const where = path.trim()
  if (words.length === 0 && where === '') return ok(undefined)
  if (words.some((word) => !/^[A-Z]{1,20}$/.test(word)))
    return err('Methods are words like GET and POST, with commas between them.')
  if (where !== '' && !where.startsWith('/'))
    return err('A path begins with a slash; * is anything within one step, ** anything.')
  const read = RequestPattern.safeParse({
    methods: words.length === 0 ? null : words,
    path: where === '' ? null : where,
  })
  return read.success ? ok(read.data) : err('These are too many methods, or the path is too long.')
}
