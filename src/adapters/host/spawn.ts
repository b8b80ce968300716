import { getRawPointer } from 'node:ffi'
import { basename } from 'node:path'
import { checked, cString, libc, SystemError } from './libc.ts'

export type Spawned = Readonly<{
  /** The whole environment; nothing is inherited. */
  env?: Readonly<Record<string, string>>
  cwd?: string
  /** `fds[i]` is the descriptor of ours that becomes the child's `i`. null: /dev/null for 0 to 2, closed above. */
  fds?: ReadonlyArray<number | null>
}>

/**
 * Starts a program that outlives us: in a session of its own, with no signal blocked or ignored, and none of our
 * descriptors but `fds`. `file` is a path; PATH is not searched. Returns its pid,
 * which stays ours to `reap`.
 *
 * posix_spawn, because Node's own spawn watches each child with handles we would have to keep, and costs twice as
 * much in a large process. Throws SystemError.
 */
export const spawnDetached = (
  file: string,
  args: ReadonlyArray<string>,
  { env = {}, cwd, fds = [] }: Spawned = {},
): number => {
  keepOursToOurselves()
  const actions = Buffer.alloc(opaque)
  const attributes = Buffer.alloc(opaque)
  const pid = Buffer.alloc(4)
  succeeded(libc.posix_spawn_file_actions_init(actions), file)
  try {
    succeeded(libc.posix_spawnattr_init(attributes), file)
    succeeded(libc.posix_spawnattr_setflags(attributes, flags), file)
    succeeded(libc.posix_spawnattr_setsigmask(attributes, noSignals), file)
    succeeded(libc.posix_spawnattr_setsigdefault(attributes, allSignals), file)
    if (cwd !== undefined)
      succeeded(libc.posix_spawn_file_actions_addchdir_np(actions, cString(cwd, 'posix_spawn')), file)
    place(actions, fds, file)

    const argv = cStrings([basename(file), ...args])
    const envp = cStrings(Object.entries(env).map(([name, value]) => `${name}=${value}`))
    succeeded(
      libc.posix_spawn(pid, cString(file, 'posix_spawn'), actions, attributes, argv.pointers, envp.pointers),
      file,
    )
    // The strings are reachable through here, so that they are still there when the call is made.
    void argv.strings.length
    void envp.strings.length
  } finally {
    libc.posix_spawn_file_actions_destroy(actions)
    libc.posix_spawnattr_destroy(attributes)
  }
  return pid.readInt32LE()
}

/** How a process ended: by exiting, or by a signal (its number). */
export type Ended =
  | Readonly<{ exitCode: number; signal: null }>
  | Readonly<{ exitCode: null; signal: number }>

/** Buries a child of ours, or null while it lives. Throws SystemError (ECHILD: not, or no longer, a child of ours). */
export const reap = (pid: number): Ended | null => {
  const status = Buffer.alloc(4)
  if (checked(libc.waitpid(pid, status, WNOHANG), 'waitpid', null) === 0) return null
  const word = status.readInt32LE()
  const signal = word & 0x7f
  return signal === 0 ? { exitCode: (word >> 8) & 0xff, signal: null } : { exitCode: null, signal }
}

const WNOHANG = 1

/** The structures are the C library's secret: 336 and 80 bytes in glibc, fewer in musl. */
const opaque = 512

/** <spawn.h>, the same in glibc and musl: SETSID | SETSIGMASK | SETSIGDEF */
const flags = 0x80 | 0x08 | 0x04
const noSignals = Buffer.alloc(128)
const allSignals = Buffer.alloc(128, 0xff)

/**
 * dup2 in ascending order would overwrite a source that a later one still needs (`fds: [1, 0]`), so every source
 * below the targets is first moved above them. A descriptor on its own place is dup2'ed too: that clears close-on-exec.
 */
const place = (actions: Buffer, fds: ReadonlyArray<number | null>, file: string) => {
  const width = Math.max(3, fds.length)
  const above = Math.max(width, ...fds.map(fd => (fd ?? -1) + 1))
  const moved = new Map<number, number>()
  fds.forEach((fd, target) => {
    if (fd === null || fd >= width || fd === target || moved.has(fd)) return
    const safe = above + moved.size
    moved.set(fd, safe)
    succeeded(libc.posix_spawn_file_actions_adddup2(actions, fd, safe), file)
  })
  for (let target = 0; target < width; target++) {
    const fd = fds[target] ?? null
    if (fd !== null)
      succeeded(
        libc.posix_spawn_file_actions_adddup2(actions, fd === target ? fd : (moved.get(fd) ?? fd), target),
        file,
      )
    else if (target < 3)
      succeeded(libc.posix_spawn_file_actions_addopen(actions, target, devNull, O_RDWR, 0), file)
  }
  for (const safe of moved.values()) succeeded(libc.posix_spawn_file_actions_addclose(actions, safe), file)
}

/**
 * What Node opens is close-on-exec; what we were started with (by a supervisor, a shell, a test runner) need not be. One
 * call marks all of it, the first time. Before Linux 5.11 there is no such call, and such descriptors are handed on.
 */
const keepOursToOurselves = () => {
  if (!marked) libc.syscall(SYS_close_range, 3n, 0xffff_ffffn, CLOSE_RANGE_CLOEXEC, 0n)
  marked = true
}

let marked = false
const SYS_close_range = 436n
const CLOSE_RANGE_CLOEXEC = 4n

const devNull = Buffer.from('/dev/null\0')
const O_RDWR = 2

/** A NULL-terminated array of C strings. Whoever passes `pointers` on must keep `strings` alive. */
const cStrings = (values: ReadonlyArray<string>) => {
  const strings = values.map(value => cString(value, 'posix_spawn'))
  const pointers = Buffer.alloc((strings.length + 1) * 8)
  strings.forEach((string, i) => pointers.writeBigUInt64LE(getRawPointer(string), i * 8))
  return { strings, pointers }
}

/** posix_spawn and its relatives return the error instead of leaving it in errno. */
const succeeded = (error: number, file: string) => {
  if (error !== 0) throw new SystemError(error, 'posix_spawn', file)
}
