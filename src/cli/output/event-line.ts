import type { RecordedEvent } from '../client/answers.ts'
import { clock, day } from './age.ts'
import type { Paint } from './colour.ts'
import { harmless } from './colour.ts'
import { person } from './people.ts'
import { signalName } from './signals.ts'
import { cut, shortId } from './table.ts'

export const lineFormats = ['short', 'short-iso', 'json', 'cat'] as const
export type LineFormat = (typeof lineFormats)[number]

/** Fields that say what it is about, the best name first. */
const subjects = ['name', 'container', 'exec', 'reference', 'pull', 'key', 'digest', 'image'] as const

/** What would fill the line and is better read with `show`. */
const hidden = new Set([
  'type',
  'namespace',
  'options',
  'defaults',
  'image',
  'layers',
  'mounts',
  'environment',
])

/** Of an object that has no short form. */
const longestValue = 60

const shortened = (value: string) => (/^(?:sha256:)?[0-9a-f]{64}$/.test(value) ? shortId(value) : value)

const valueText = (key: string, value: unknown): string => {
  if (key === 'signal' && typeof value === 'number') return signalName(value)
  if (typeof value === 'string') {
    const text = shortened(value)
    return /[\s"]/.test(text) ? JSON.stringify(text) : text
  }
  if (typeof value !== 'object' || value === null) return String(value)
  if (key === 'failure' && 'cause' in value) return JSON.stringify(value.cause)
  if ('digest' in value) return shortened(String(value.digest))
  if ('manifest' in value) return valueText('manifest', value.manifest)
  if (Array.isArray(value))
    return value.every(each => typeof each !== 'object') ? value.map(String).join(',') : `${value.length}`
  return cut(JSON.stringify(value), longestValue)
}

/** What an event is about, as people call it. */
export const subjectOf = ({ data, stream }: Pick<RecordedEvent, 'data' | 'stream'>): string => {
  const key = subjects.find(name => typeof data[name] === 'string')
  return key === undefined ? stream : shortened(String(data[key]))
}

const dataOf = ({ data }: RecordedEvent): string => {
  const subject = subjects.find(name => typeof data[name] === 'string')
  return Object.entries(data)
    .filter(([key, value]) => key !== subject && !hidden.has(key) && value !== null && value !== false)
    .map(([key, value]) => `${key}=${valueText(key, value)}`)
    .join(' ')
}

/** One event, one line. `cat` leaves out when, where and who. */
export const eventLine = (event: RecordedEvent, format: LineFormat, paint: Paint): string => {
  if (format === 'json') return JSON.stringify(event)
  const what = harmless(`${event.type} ${subjectOf(event)} ${dataOf(event)}`.trimEnd().replaceAll('\n', ' '))
  if (format === 'cat') return what
  const [type = '', ...rest] = what.split(' ')
  const at = new Date(event.recordedAt)
  const time = format === 'short-iso' ? event.recordedAt : `${day(at)} ${clock(at)}`
  const who = harmless(person(event.actor))
  return `${paint('dim', time)} ${paint('cyan', `@${event.position}`)} ${paint('bold', type)} ${rest.join(' ')} ${paint('dim', `by ${who}`)}`
}
