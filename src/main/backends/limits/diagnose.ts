import type { Diagnosis } from '../../../shared/domain/sandbox.ts'
import { CONTROLLERS, type CgroupHomes, type Controller } from './cgroup-homes.ts'

/** What else holds the limit, where no control group can. */
const OTHERWISE: Readonly<Record<Controller, string>> = {
  cpu: 'no control group of ours: low priority instead',
  memory: 'no control group of ours: each process alone, and the sum is watched',
  pids: 'no control group of ours: a resource limit, which does not bind root',
}

/** Pure: by what the limits of sessions in the OS sandbox are held on this machine. */
export function diagnoseLimits(homes: CgroupHomes, platform: NodeJS.Platform): Diagnosis {
  const base = { id: 'limits', title: 'Limits (control groups)', level: null } as const
  if (platform !== 'linux')
    return {
      ...{ ...base, status: 'unsupported', facts: [], remedies: [] },
      summary: 'Control groups are of Linux.',
    }
  const without = CONTROLLERS.filter((name) => !homes.has(name))
  const facts = CONTROLLERS.map((name) => {
    const home = homes.get(name)
    return {
      name,
      value: home ? `version ${home.version}, ${home.folder}` : OTHERWISE[name],
    }
  })
  if (without.length === 0)
    return {
      ...{ ...base, status: 'usable', facts, remedies: [] },
      summary:
        'The kernel holds limits for a session as a whole, and they can change while it runs.',
    }
  return {
    ...{ ...base, status: 'missing', facts },
    summary: `Not held for a session as a whole: ${without.join(', ')}. What holds it instead is weaker, and its limits change by a restart.`,
    remedies: [
      {
        say: 'Where systemd runs, start Cloche in a scope that control groups are delegated to',
        command: 'systemd-run --user --scope -p Delegate=yes npm start',
      },
    ],
  }
}
