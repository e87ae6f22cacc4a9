/**
 * Every check of the catalogue of escapes that concerns the OS sandbox, and the test that makes it.
 * `file` is below `test`, `test` a part of the test's own name. An architecture test sees to it that
 * each of them exists.
 */
export type Check =
  | { readonly id: string; readonly what: string; readonly file: string; readonly test: string }
  | { readonly id: string; readonly what: string; readonly notHere: string }

const check = (id: string, what: string, file: string, test: string): Check => ({
  id,
  what,
  file: `${file}.test.ts`,
  test,
})
const notHere = (id: string, what: string, why: string): Check => ({ id, what, notHere: why })

const SYSCALLS = 'enforcement/syscalls'
const SURFACE = 'enforcement/surface'
const REACH = 'enforcement/reach'
const PLANTING = 'enforcement/planting'
const DESKTOP = 'enforcement/desktop'
const REVIEW = 'unit/review/hostile-copy'
const FILE_POLICY = 'unit/backends/file-policy'

export const CATALOGUE: readonly Check[] = [
  check('S1', 'no new privileges', SYSCALLS, 'no privileges, no way to new ones'),
  check('S2', 'no capabilities', SYSCALLS, 'no privileges, no way to new ones'),
  check('S3', 'a filter for every program', SURFACE, 'however one is started'),
  check('S4', 'processes of the machine', REACH, 'see a process of the machine'),
  check('S5', 'tracing', SYSCALLS, "'ptrace'"),
  check('S6', 'the first process', SURFACE, 'gives nothing of the machine'),
  check('S7', 'memory and descriptors of others', SYSCALLS, "'process_vm_readv'"),
  check('S8', 'signals', REACH, 'killing: everything inside'),
  check('S9', 'a user namespace, the first step of all', SYSCALLS, "'unshare-user'"),
  check('S10', 'the same by other doors', SYSCALLS, "'unshare-user-high-bits'"),
  check('S11', 'the mount table', SYSCALLS, "'mount_setattr'"),
  check('S12', 'io_uring', SYSCALLS, "'io_uring_enter'"),
  check('S13', 'rare parts of the kernel', SYSCALLS, "'userfaultfd'"),
  check('S14', 'socket families', SYSCALLS, "'af_alg'"),
  check('S15', 'foreign system-call tables', SYSCALLS, "'x32'"),
  check('S16', 'taking over the filter', SYSCALLS, "'seccomp-listener'"),
  check('S17', 'typing into a terminal', SYSCALLS, "'tiocsti-high-bits'"),
  check(
    'S18',
    'the starter’s terminal',
    'enforcement/sessions',
    'the terminal inside is the session',
  ),
  check('S19', 'inherited descriptors', 'enforcement/launch', 'descriptors, low and high'),
  check('S20', 'passing descriptors to a program outside', REACH, 'connect to an abstract socket'),
  check('S21', 'devices', SURFACE, 'only harmless devices'),
  check('S22', 'settings of the kernel', SURFACE, 'nothing under /proc or /sys'),
  check('S23', 'control groups', SURFACE, 'control groups can neither'),
  check('S24', 'set-user-id', SURFACE, 'a set-user-id file made'),
  check('S25', 'shared memory and queues', SURFACE, 'shared memory and queues'),
  check('S26', 'another session', 'enforcement/sessions', 'two sessions of one person'),
  check('S27', 'core dumps', SURFACE, 'a crash leaves nothing'),
  check('S28', 'loader and memory files', SURFACE, 'however one is started'),
  check('S29', 'writing outside', REACH, 'write outside the workspace'),
  check('S30', 'reading secrets', REACH, 'read an SSH key'),
  check('S31', 'other names of a file', SURFACE, 'links lead nowhere'),
  check('S32', 'patterns and names of any kind', FILE_POLICY, 'patterns meet names of any kind'),
  check('S33', 'renaming an ancestor', PLANTING, 'in a repository: %s'),
  check(
    'S34',
    'protected paths that do not exist',
    PLANTING,
    'what does not exist cannot be planted',
  ),
  check('S35', 'a repository the agent makes', 'architecture/rules', 'never runs git in a folder'),
  check('S36', 'nested repositories and pointers', FILE_POLICY, 'nested repositories, submodules'),
  check('S37', 'traps for git on the machine', 'architecture/rules', 'never runs git in a folder'),
  check(
    'S38',
    'pipes and devices where the host reads',
    FILE_POLICY,
    'cannot be held: refused, named',
  ),
  check('S39', 'a race with the mounts', PLANTING, 'a path swapped for a link'),
  check('S40', 'a workspace that became a link', FILE_POLICY, 'a workspace that became a link'),
  check('S41', 'links in previews', REVIEW, 'names links that lead out'),
  check('S42', 'applying changes', REVIEW, 'never goes through a link'),
  check('S43', 'order of rules', FILE_POLICY, 'whatever the order of the rules'),
  check('S44', 'mount propagation', SURFACE, 'no mount is shared'),
  check('S45', 'the app’s own state', SURFACE, 'own data is nowhere inside'),
  check('S46', 'tampered helpers', SURFACE, 'own data is nowhere inside'),
  check(
    'S47',
    'predictable temporary folders',
    'unit/backends/run-folder',
    'was prepared as a link',
  ),
  check('S48', 'nothing is left behind', 'integration/lifetime', 'nothing of a session lives on'),
  check('S49', 'shared caches', REACH, 'list the home folder'),
  notHere('S50', 'container mounts', 'containers are another backend'),
  notHere('S51', 'hostile images', 'containers are another backend'),
  notHere('S52', 'shares of a VM', 'VMs are another backend'),
  check('S53', 'container engines', REACH, 'connect to a container engine'),
  notHere('S54', 'a filtered engine socket', 'none is offered'),
  check('S55', 'engines by address', 'enforcement/direct', 'arrives at this process as dialled'),
  check('S56', 'D-Bus', DESKTOP, 'services of a desktop'),
  check('S57', 'display', DESKTOP, 'services of a desktop'),
  check('S58', 'abstract sockets', REACH, 'connect to an abstract socket'),
  check('S59', 'sockets in the workspace', FILE_POLICY, 'a socket of the machine is covered'),
  notHere('S60', 'a list of allowed sockets', 'there is none'),
  check('S61', 'SSH and GPG agents', DESKTOP, 'nothing of the environment leads'),
  check('S62', 'name services', 'enforcement/network', 'names are resolved by nobody'),
  check(
    'S94',
    'an environment from an allow-list',
    'unit/backends/bubblewrap-args',
    'the environment is an allow-list',
  ),
  check('S95', 'loader and interpreter variables', 'unit/core/variables', 'is never let in'),
  check('S96', 'secrets in command lines', 'integration/secrets', 'is on no command line'),
  check(
    'S97',
    'an endpoint the repository chose',
    'integration/host',
    'a connection is held until',
  ),
  check('S98', 'code before trust', 'unit/agents/planner', 'without running anything'),
  check('S99', 'recordings', 'integration/secrets', 'blotted out of everything that is kept'),
  check('S100', 'logs', 'integration/secrets', 'blotted out of everything that is kept'),
  check('S101', 'clipboard', DESKTOP, 'services of a desktop'),
  check(
    'S102',
    'no or another bubblewrap',
    'enforcement/fail-closed',
    'a bubblewrap that others could have replaced',
  ),
  check('S103', 'no user namespaces', 'enforcement/fail-closed', 'user namespaces refused'),
  check(
    'S104',
    'limits that cannot be held',
    'unit/backends/limits',
    'what is not in force is said',
  ),
  notHere('S105', 'engines', 'containers are another backend'),
  notHere('S106', 'no KVM', 'VMs are another backend'),
  check('S107', 'proof at the start', 'enforcement/fail-closed', 'an axis that is not proven'),
  notHere('S108', 'policy files', 'there are none yet'),
  notHere('S109', 'policy from a repository', 'there is none yet'),
  notHere('S110', 'commands that are excepted', 'no command is'),
  check(
    'S111',
    'an inner sandbox that fails',
    'enforcement/nested-sandboxes',
    'runs nothing without it',
  ),
  check('S112', 'drift while it runs', 'integration/isolation', 'its loss is noticed'),
  check('S113', 'tricks with the folder', 'unit/agents/planner', 'refuses %s'),
  check('S114', 'two sessions in one workspace', PLANTING, 'two sessions of one workspace'),
  check('S115', 'late writers', 'enforcement/fail-closed', 'ending a sandbox ends every process'),
]
