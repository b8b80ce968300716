import { dlopen, getInt32 } from 'node:ffi'
import { constants } from 'node:os'

/**
 * The system calls Node has no function for, each as libc declares it. Siblings wrap them; nobody else calls them.
 * `null` is the process image itself: node is linked against the system's libc (glibc or musl) already.
 */
export const { functions: libc } = dlopen(null, {
  __errno_location: { return: 'pointer', arguments: [] },
  mount: { return: 'i32', arguments: ['pointer', 'pointer', 'pointer', 'u64', 'pointer'] },
  umount2: { return: 'i32', arguments: ['pointer', 'i32'] },
  mknod: { return: 'i32', arguments: ['pointer', 'u32', 'u64'] },
  mkfifo: { return: 'i32', arguments: ['pointer', 'u32'] },
  utimensat: { return: 'i32', arguments: ['i32', 'pointer', 'pointer', 'i32'] },
  futimens: { return: 'i32', arguments: ['i32', 'pointer'] },
  lsetxattr: { return: 'i32', arguments: ['pointer', 'pointer', 'pointer', 'u64', 'i32'] },
  lgetxattr: { return: 'i64', arguments: ['pointer', 'pointer', 'pointer', 'u64'] },
  llistxattr: { return: 'i64', arguments: ['pointer', 'pointer', 'u64'] },
  fsetxattr: { return: 'i32', arguments: ['i32', 'pointer', 'pointer', 'u64', 'i32'] },
  fgetxattr: { return: 'i64', arguments: ['i32', 'pointer', 'pointer', 'u64'] },
  flistxattr: { return: 'i64', arguments: ['i32', 'pointer', 'u64'] },
  syncfs: { return: 'i32', arguments: ['i32'] },
  malloc_trim: { return: 'i32', arguments: ['u64'] },
  flock: { return: 'i32', arguments: ['i32', 'i32'] },
  socket: { return: 'i32', arguments: ['i32', 'i32', 'i32'] },
  connect: { return: 'i32', arguments: ['i32', 'pointer', 'u32'] },
  shutdown: { return: 'i32', arguments: ['i32', 'i32'] },
  getsockopt: { return: 'i32', arguments: ['i32', 'i32', 'i32', 'pointer', 'pointer'] },
  posix_spawn: {
    return: 'i32',
    arguments: ['pointer', 'pointer', 'pointer', 'pointer', 'pointer', 'pointer'],
  },
  posix_spawn_file_actions_init: { return: 'i32', arguments: ['pointer'] },
  posix_spawn_file_actions_destroy: { return: 'i32', arguments: ['pointer'] },
  posix_spawn_file_actions_adddup2: { return: 'i32', arguments: ['pointer', 'i32', 'i32'] },
  posix_spawn_file_actions_addopen: {
    return: 'i32',
    arguments: ['pointer', 'i32', 'pointer', 'i32', 'u32'],
  },
  posix_spawn_file_actions_addclose: { return: 'i32', arguments: ['pointer', 'i32'] },
  posix_spawn_file_actions_addchdir_np: { return: 'i32', arguments: ['pointer', 'pointer'] },
  posix_spawnattr_init: { return: 'i32', arguments: ['pointer'] },
  posix_spawnattr_destroy: { return: 'i32', arguments: ['pointer'] },
  posix_spawnattr_setflags: { return: 'i32', arguments: ['pointer', 'i16'] },
  posix_spawnattr_setsigdefault: { return: 'i32', arguments: ['pointer', 'pointer'] },
  posix_spawnattr_setsigmask: { return: 'i32', arguments: ['pointer', 'pointer'] },
  waitpid: { return: 'i32', arguments: ['i32', 'pointer', 'i32'] },
  syscall: { return: 'i64', arguments: ['i64', 'i64', 'i64', 'i64', 'i64'] },
})

/** openat2(2), which the C libraries have no function for: syscall(2) once more, as it takes pointers. */
export const { functions: openat2 } = dlopen(null, {
  syscall: { return: 'i64', arguments: ['i64', 'i64', 'pointer', 'pointer', 'u64'] },
})

/** A path as people write it, or as the bytes it is on disk where those need not be UTF-8. */
export type Path = string | Buffer

/** A system call that failed. `code` is errno's name, as on Node's own errors: `ENOSPC`, `EBUSY` … */
export class SystemError extends Error {
  readonly code: string
  readonly errno: number
  readonly syscall: string
  readonly path: string | null

  constructor(errno: number, syscall: string, path: Path | null) {
    const code = names.get(errno) ?? `E${errno}`
    const shown = path === null ? null : path.toString()
    super(shown === null ? `${syscall}: ${code}` : `${syscall} ${shown}: ${code}`)
    this.name = 'SystemError'
    this.code = code
    this.errno = errno
    this.syscall = syscall
    this.path = shown
  }
}

/** Of errors that share a number (EAGAIN and EWOULDBLOCK), the first name wins, which is the one Node gives. */
const names = new Map<number, string>()
for (const [name, number] of Object.entries(constants.errno)) if (!names.has(number)) names.set(number, name)
// Node knows the errors of POSIX; these are Linux's own, and mounts and extended attributes answer with them.
for (const [name, number] of [
  ['ENOTBLK', 15],
  ['EUCLEAN', 117],
] as const)
  names.set(number, name)

/** A thread's errno stays where it is for as long as the thread lives, and each thread loads this module anew. */
const location = libc.__errno_location()

/** errno of the call made just before. Nothing may come in between. */
export const errno = () => getInt32(location, 0)

/** Throws what the last call left in errno when `result` is -1, else hands the result back. */
export const checked = <N extends number | bigint>(result: N, syscall: string, path: Path | null): N => {
  if (Number(result) === -1) throw new SystemError(errno(), syscall, path)
  return result
}

/** A string as C has it. A NUL inside would make the kernel see another, shorter path than the one that was checked. */
export const cString = (value: Path, syscall: string): Buffer => {
  const text = typeof value === 'string' ? Buffer.from(`${value}\0`) : Buffer.concat([value, nul])
  if (text.indexOf(0) !== text.length - 1) throw new SystemError(constants.errno.EINVAL, syscall, value)
  return text
}

const nul = Buffer.alloc(1)
