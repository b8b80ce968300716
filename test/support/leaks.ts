import assert from 'node:assert/strict'
import { globSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

// What a test leaves on the machine, by comparing what was there before with what is there after. Everything is
// looked for by the test's own directory and names, so that tests running beside it are not in the picture.

export type Place = Readonly<{
  /** The directory that all of the test's state is under. */
  root: string
  /** A part of the path that the test's cgroups have and nobody else's, as a container's id. */
  cgroup?: string
  /** A process whose descriptors are counted, as the daemon's. Without it, our own, as far as they lead under root. */
  pid?: number
}>

/** Each a sorted list of sentences, so that a difference can be read. */
export type Census = Readonly<{
  mounts: ReadonlyArray<string>
  cgroups: ReadonlyArray<string>
  processes: ReadonlyArray<string>
  descriptors: ReadonlyArray<string>
  files: ReadonlyArray<string>
}>

const isUnder = (root: string, path: string) => path === root || path.startsWith(`${root}/`)

/** What vanishes while it is looked at is not there, and what even root may not look at was not made by a test. */
const isElsewhere = ({ code }: NodeJS.ErrnoException) =>
  code !== undefined && ['ENOENT', 'ESRCH', 'ENOTDIR', 'EACCES', 'EPERM'].includes(code)

const ifThere = <A>(look: () => A, otherwise: A): A => {
  try {
    return look()
  } catch (error) {
    if (isElsewhere(error as NodeJS.ErrnoException)) return otherwise
    throw error
  }
}

/** proc(5): blanks, tabs, line feeds and backslashes in a path are written as three octal digits. */
const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

const mountsUnder = (root: string) =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap(line => {
      const [before = '', after = ''] = line.split(' - ')
      const path = unescaped(before.split(' ')[4] ?? '')
      return isUnder(root, path) ? [`${path} (${after.split(' ')[0]})`] : []
    })

const cgroupsNamed = (name: string | undefined) =>
  name === undefined
    ? []
    : globSync('/sys/fs/cgroup/**/', { exclude: path => /\/(cgroup|memory|pids|cpu)\./.test(path) }).filter(
        path => path.includes(name),
      )

const processesOf = (root: string) =>
  readdirSync('/proc').flatMap(pid => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return []
    const words = ifThere(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'), '')
      .split('\0')
      .filter(word => word !== '')
    const places = ['cwd', 'root'].map(link => ifThere(() => readlinkSync(`/proc/${pid}/${link}`), ''))
    const isOurs = words.some(word => word.includes(root)) || places.some(path => isUnder(root, path))
    return isOurs ? [`${pid} ${words.join(' ') || '(ended, and waited for by nobody)'}`] : []
  })

/** Inode numbers tell nothing; that there is one socket more does. */
const descriptorsOf = ({ root, pid }: Place) =>
  ifThere(() => readdirSync(`/proc/${pid ?? 'self'}/fd`), []).flatMap(fd => {
    const target = ifThere(() => readlinkSync(`/proc/${pid ?? 'self'}/fd/${fd}`), '')
    if (target === '' || (pid === undefined && !isUnder(root, target))) return []
    return [target.replace(/\d+/g, digits => (target.startsWith('/') ? digits : 'N'))]
  })

const filesUnder = (root: string) =>
  ifThere(() => readdirSync(root, { recursive: true, withFileTypes: true }), []).map(entry => {
    const kind = entry.isDirectory() ? '/' : entry.isFIFO() ? ' (FIFO)' : entry.isSocket() ? ' (socket)' : ''
    return `${join(entry.parentPath, entry.name)}${kind}`
  })

/** Who and what is there now. Take it before the test does anything, and when it says that it is done. */
export const census = (place: Place): Census => ({
  mounts: mountsUnder(place.root).sort(),
  cgroups: cgroupsNamed(place.cgroup).sort(),
  processes: processesOf(place.root).sort(),
  descriptors: descriptorsOf(place).sort(),
  files: filesUnder(place.root).sort(),
})

/** What is in one list and not in the other, counting. */
const beyond = (these: ReadonlyArray<string>, those: ReadonlyArray<string>): ReadonlyArray<string> => {
  const left = [...those]
  return these.filter(one => {
    const at = left.indexOf(one)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

/** Nothing was left behind and nothing is missing, except for what is meant to grow, as a log does. */
export const assertSame = (before: Census, after: Census, except: RegExp = /(?!)/): void => {
  const differences = (Object.keys(before) as ReadonlyArray<keyof Census>).flatMap(kind => [
    ...beyond(after[kind], before[kind]).map(one => `left behind, of ${kind}: ${one}`),
    ...beyond(before[kind], after[kind]).map(one => `missing, of ${kind}: ${one}`),
  ])
  assert.deepEqual(
    differences.filter(difference => !except.test(difference)),
    [],
  )
}
