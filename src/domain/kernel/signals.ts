import * as O from 'fp-ts/lib/Option.js'

/** Linux's signals by number (signal(7), x86 and ARM); the index is the number. */
const names = [
  '',
  'HUP',
  'INT',
  'QUIT',
  'ILL',
  'TRAP',
  'ABRT',
  'BUS',
  'FPE',
  'KILL',
  'USR1',
  'SEGV',
  'USR2',
  'PIPE',
  'ALRM',
  'TERM',
  'STKFLT',
  'CHLD',
  'CONT',
  'STOP',
  'TSTP',
  'TTIN',
  'TTOU',
  'URG',
  'XCPU',
  'XFSZ',
  'VTALRM',
  'PROF',
  'WINCH',
  'IO',
  'PWR',
  'SYS',
] as const

const synonyms: Readonly<Record<string, number>> = { IOT: 6, CLD: 17, POLL: 29, UNUSED: 31 }

/** The real-time signals a program can use: glibc keeps the two below for itself. */
const RTMIN = 34
const RTMAX = 64

export const SIGKILL = 9
export const SIGTERM = 15

const numbers = new Map<string, number>(
  names.flatMap((name, number) => (number === 0 ? [] : [[name, number]])),
)
for (const [name, number] of Object.entries(synonyms)) numbers.set(name, number)

const isSignal = (number: number) => Number.isInteger(number) && number >= 1 && number <= RTMAX

/** `SIGTERM`, `TERM` and `15`, in any case, and `SIGRTMIN+3` or `RTMAX-1`: the signal's number. */
export const parseSignal = (text: string): O.Option<number> => {
  if (/^\d{1,3}$/.test(text)) return O.fromPredicate(isSignal)(Number(text))
  const name = text.toUpperCase().replace(/^SIG/, '')
  const realTime = /^RT(?:(MIN)(?:\+(\d{1,2}))?|(MAX)(?:-(\d{1,2}))?)$/.exec(name)
  if (realTime !== null) {
    const [, min, above, , below] = realTime
    const number = min === undefined ? RTMAX - Number(below ?? 0) : RTMIN + Number(above ?? 0)
    return number >= RTMIN && number <= RTMAX ? O.some(number) : O.none
  }
  return O.fromNullable(numbers.get(name))
}

/** `SIGTERM` for 15, `SIGRTMIN+3` for 37; a number that is no signal's is given as it is. */
export const signalName = (number: number): string => {
  if (number >= RTMIN && number <= RTMAX) return number === RTMIN ? 'SIGRTMIN' : `SIGRTMIN+${number - RTMIN}`
  const name = names[number]
  return name === undefined || name === '' ? String(number) : `SIG${name}`
}
