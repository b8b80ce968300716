import { mayPass } from './sqlite.ts'

/** How far what is saved may be behind: what it misses is looked at again after a crash, and nothing is owed then. */
const SAVE_EVERY_MS = 250

/**
 * Saves again and again, until it is disposed of. A disk that is full passes, and nobody stops for it: it is said once,
 * and tried again at the next turn.
 */
export const saveAgain = (save: () => void, report: (error: unknown) => void): Disposable => {
  let isSaid = false
  const ticking = setInterval(() => {
    try {
      save()
      isSaid = false
    } catch (error) {
      if (!mayPass(error)) throw error
      if (!isSaid) report(error)
      isSaid = true
    }
  }, SAVE_EVERY_MS)
  return { [Symbol.dispose]: () => clearInterval(ticking) }
}
