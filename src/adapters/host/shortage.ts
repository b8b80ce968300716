/** What the host can be short of, by the system's word for it, in the word that failures have for it. It may pass. */
export const shortages = {
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EMFILE: 'too-many-open-files',
  ENFILE: 'too-many-open-files',
} as const satisfies Readonly<Record<string, string>>

type Shortage = (typeof shortages)[keyof typeof shortages]

/** Null: it is short of nothing that we know of. */
export const shortageOf = (code: string): Shortage | null =>
  Object.hasOwn(shortages, code) ? shortages[code as keyof typeof shortages] : null
