import * as E from 'fp-ts/lib/Either.js'
import type { Tmpfs } from '../kernel/container-options.ts'
import { parseMountTarget } from './absolute-path.ts'
import { malformed, parsed, quoted } from './flag.ts'
import type { Parsed } from './flag.ts'

/** Options that are words, each with the one it takes the place of (mount(8)). */
const opposites: Readonly<Record<string, string>> = {
  ro: 'rw',
  rw: 'ro',
  exec: 'noexec',
  noexec: 'exec',
  suid: 'nosuid',
  nosuid: 'suid',
  dev: 'nodev',
  nodev: 'dev',
  atime: 'noatime',
  noatime: 'atime',
  diratime: 'nodiratime',
  nodiratime: 'diratime',
  relatime: 'norelatime',
  norelatime: 'relatime',
  strictatime: 'nostrictatime',
  nostrictatime: 'strictatime',
  sync: 'async',
  async: 'sync',
}

/** Options with a value (tmpfs(5)), and what the value looks like. */
const valued: Readonly<Record<string, RegExp>> = {
  size: /^\d{1,15}[kmg%]?$/i,
  mode: /^[0-7]{1,4}$/,
  uid: /^\d{1,10}$/,
  gid: /^\d{1,10}$/,
  nr_inodes: /^\d{1,15}[kmg]?$/i,
  nr_blocks: /^\d{1,15}[kmg]?$/i,
}

const defaults = ['noexec', 'nosuid', 'nodev']

/** `TARGET[:OPTIONS]` of `--tmpfs`: `/run:size=64m,mode=1777`. */
export const parseTmpfs = (text: string): Parsed<Tmpfs> => {
  const [target = '', ...rest] = text.split(':')
  if (rest.length > 1) return malformed(`tmpfs ${quoted(text)} is not of the form TARGET[:OPTIONS]`)
  const options = (rest[0] ?? '').split(',').filter(option => option !== '')
  return checkedTmpfs({ target, options })
}

/** A tmpfs with a clean target and options that tmpfs and mount(8) know. */
export const checkedTmpfs = ({ target, options }: Tmpfs): Parsed<Tmpfs> => {
  const path = parseMountTarget(target, 'tmpfs target')
  if (E.isLeft(path)) return path
  const unknown = options.find(option => !isOption(option))
  return unknown === undefined
    ? parsed({ target: path.right, options })
    : malformed(`tmpfs ${quoted(target)}: option ${quoted(unknown)} is not known`)
}

const isOption = (option: string) => {
  const [name = '', value, ...more] = option.split('=')
  if (value === undefined) return Object.hasOwn(opposites, name)
  return more.length === 0 && Object.hasOwn(valued, name) && valued[name]?.test(value) === true
}

/** The options that are asked for, over docker's own; of those that contradict or repeat each other the last counts. */
export const tmpfsOptions = (asked: ReadonlyArray<string>): ReadonlyArray<string> => {
  const merged: Array<string> = []
  for (const option of [...defaults, ...asked]) {
    const [name = ''] = option.split('=')
    const replaced = merged.findIndex(other => other.split('=')[0] === name || other === opposites[name])
    if (replaced >= 0) merged.splice(replaced, 1)
    merged.push(option)
  }
  return merged
}
