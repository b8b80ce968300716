import type { Session } from '../io.ts'
import { painter } from './colour.ts'
import { size } from './size.ts'
import { shortId } from './table.ts'

/** How far one blob of a pull is; live only, never recorded. */
export type Progress = Readonly<{
  digest: string
  phase: 'fetching' | 'unpacking' | 'done' | 'exists'
  bytes: number
  /** Null where it is not known, as of what is being unpacked. */
  total: number | null
}>

export type ProgressView = Readonly<{
  begin: (reference: string) => void
  show: (progress: Progress) => void
  end: () => void
}>

const words: Readonly<Record<Progress['phase'], string>> = {
  fetching: 'fetching',
  unpacking: 'unpacking',
  done: 'done',
  exists: 'already here',
}

/** Redrawn no oftener than this, in milliseconds. */
const pace = 80

const barWidth = 24

type Layer = Readonly<{ progress: Progress; startedAt: number }>

/** One layer as a line: its phase, how much of it, how fast. `elapsed` is in milliseconds. */
export const layerLine = ({ digest, phase, bytes, total }: Progress, elapsed: number): string => {
  const name = `  ${shortId(digest)}  ${words[phase].padEnd(12)}`
  if (phase === 'done' || phase === 'exists') return `${name}  ${total === null ? '' : size(total)}`.trimEnd()
  if (phase === 'unpacking' || total === null || total === 0) return `${name}  ${size(bytes)}`
  const filled = Math.min(barWidth, Math.floor((bytes / total) * barWidth))
  const bar = `${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}`
  const rate = phase === 'fetching' && elapsed > 500 ? `  ${size((bytes * 1000) / elapsed)}/s` : ''
  return `${name}  ${bar}  ${size(bytes)} of ${size(total)}${rate}`
}

/**
 * On a terminal a line for each layer that is redrawn in place; anywhere else one line for each layer and phase, and no
 * escape byte. All of it goes to stderr.
 */
export const progressView = (session: Session, isQuiet: boolean): ProgressView => {
  if (isQuiet) return { begin: () => {}, show: () => {}, end: () => {} }
  const isLive = session.isTerminal('stderr') && session.env['TERM'] !== 'dumb'
  return isLive ? liveView(session) : plainView(session)
}

const plainView = (session: Session): ProgressView => {
  const said = new Set<string>()
  return {
    begin: reference => session.err(`pulling ${reference}\n`),
    show: ({ digest, phase, total }) => {
      const key = `${digest} ${phase}`
      if (said.has(key)) return
      said.add(key)
      session.err(`${shortId(digest)}: ${words[phase]}${total === null ? '' : ` (${size(total)})`}\n`)
    },
    end: () => {},
  }
}

const liveView = (session: Session): ProgressView => {
  const paint = painter(session.hasColour('stderr'))
  const layers = new Map<string, Layer>()
  let drawn = 0
  let timer: NodeJS.Timeout | undefined

  const draw = () => {
    timer = undefined
    const size = session.size()
    const columns = size?.columns ?? 80
    // What does not fit on the screen cannot be redrawn: those that are done make room.
    const room = Math.max(3, (size?.rows ?? 24) - 2)
    const all = [...layers.values()]
    const shown =
      all.length <= room ? all : all.filter(({ progress }) => isActive(progress)).slice(0, room - 1)
    const lines = shown.map(({ progress, startedAt }) => {
      const line = layerLine(progress, performance.now() - startedAt).slice(0, columns - 1)
      return isActive(progress) ? line : paint('dim', line)
    })
    if (shown.length < all.length)
      lines.push(paint('dim', `  ${all.length - shown.length} more, ${all.length} in all`))
    const up = drawn === 0 ? '' : `\x1b[${drawn}A`
    session.err(`${up}\r\x1b[J${lines.map(line => `${line}\n`).join('')}`)
    drawn = lines.length
  }

  return {
    begin: reference => session.err(`pulling ${reference}\n`),
    show: progress => {
      const earlier = layers.get(progress.digest)
      const isSamePhase = earlier?.progress.phase === progress.phase
      layers.set(progress.digest, {
        progress,
        startedAt: isSamePhase && earlier !== undefined ? earlier.startedAt : performance.now(),
      })
      timer ??= setTimeout(draw, pace)
    },
    end: () => {
      if (timer === undefined) return
      clearTimeout(timer)
      draw()
    },
  }
}

const isActive = ({ phase }: Progress) => phase === 'fetching' || phase === 'unpacking'
