import type { PlanInput } from '../../src/main/core/isolation/plan.ts'
import { NO_LIMITS } from '../../src/shared/domain/limits.ts'

/** A plan that asks for nothing beyond its workspace. */
export const PLAIN_PLAN = {
  argv: ['/bin/true'],
  isReview: false,
  copy: null,
  mounts: [],
  files: [],
  maskSecrets: false,
  limits: NO_LIMITS,
  image: null,
  prelude: null,
  setUp: null,
  ownProgram: null,
  granted: [],
  secrets: [],
  env: {},
  path: [],
  standIns: [],
  trustFile: null,
  signIn: [],
  hosts: [],
  denied: [],
  otherHosts: 'ask',
} satisfies Partial<PlanInput>
