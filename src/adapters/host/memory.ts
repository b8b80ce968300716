import { libc } from './libc.ts'

/**
 * Gives back to the system what the C library has kept of freed memory (malloc_trim(3)): after a pull that is some
 * 20 MB, which the threads that unpacked used last.
 */
export const giveBackMemory = (): void => {
  libc.malloc_trim(0n)
}
