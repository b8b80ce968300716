import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { explainWithoutValue } from '../kernel/decode.ts'
import { Digest } from '../kernel/identifiers.ts'
import type { ImageConfig, ImageHistory } from '../kernel/image-config.ts'
import type { BadDocument } from './manifest.ts'

const optional = <C extends t.Mixed>(codec: C) => t.union([codec, t.null, t.undefined])
const strings = t.array(t.string)
const set = t.record(t.string, t.unknown)

/** The document itself (OCI image-spec, config.md): Go writes `null` for what is empty, and leaves out what it likes. */
const Json = t.intersection([
  t.type({ rootfs: t.type({ diff_ids: optional(t.array(Digest)) }) }),
  t.partial({
    os: optional(t.string),
    architecture: optional(t.string),
    variant: optional(t.string),
    created: optional(t.string),
    author: optional(t.string),
    config: optional(
      t.partial({
        User: optional(t.string),
        Env: optional(strings),
        Entrypoint: optional(strings),
        Cmd: optional(strings),
        WorkingDir: optional(t.string),
        StopSignal: optional(t.string),
        Volumes: optional(set),
        ExposedPorts: optional(set),
        Labels: optional(t.record(t.string, t.string)),
      }),
    ),
    history: optional(
      t.array(
        t.partial({
          created: optional(t.string),
          created_by: optional(t.string),
          comment: optional(t.string),
          empty_layer: optional(t.boolean),
        }),
      ),
    ),
  }),
])

/** The longest string execve(2) takes (`MAX_ARG_STRLEN`), and the longest path (`PATH_MAX`). */
const MAX_ARGUMENT = 131_071
const MAX_PATH = 4095
const MAX_TOTAL = 2 ** 20
const MAX_ENTRIES = 10_000
const MAX_HISTORY = 1000
const MAX_TEXT = 4096
/** All of it is in one event, beside the layers, and an append has at most 1 MiB. */
const MAX_RECORDED = 600 * 1024

/** Labels that engines believe to be their own words: an image may not speak in them. */
const RESERVED_LABELS = [
  'shiplog.',
  'io.shiplog.',
  'containerd.io/',
  'io.kubernetes.cri',
  'run.oci.',
  'io.podman.',
]

export const isReservedLabel = (label: string) =>
  RESERVED_LABELS.some(prefix => label.startsWith(prefix)) || label.includes('.containerd.io/')

/** A configuration, and the names of the labels that were not taken over from it. */
export type ReadConfig = Readonly<{ image: ImageConfig; strippedLabels: ReadonlyArray<string> }>

/**
 * Reads and bounds an image's configuration. `layers` is the number of layers of its manifest, which must be the
 * number of its diff ids. Nothing that could not be an argument, a variable or a path gets through; labels in
 * reserved words are left out (and said to be, by name), paths are resolved inside the root.
 */
export const readImageConfig = (value: unknown, layers: number): E.Either<BadDocument, ReadConfig> => {
  const json = Json.decode(value)
  if (E.isLeft(json))
    return bad(
      json.left[0] === undefined ? 'it is malformed' : explainWithoutValue(json.left[0]).slice(0, 200),
    )
  const { rootfs, config, history, ...rest } = json.right
  const diffIds = rootfs.diff_ids ?? []
  if (diffIds.length !== layers) return bad(`it has ${diffIds.length} diff ids for ${layers} layers`)

  const { User, Env, Entrypoint, Cmd, WorkingDir, StopSignal, Volumes, ExposedPorts, Labels } = config ?? {}
  const labels = Object.entries(Labels ?? {})
  const volumes = Object.keys(Volumes ?? {})
  const exposedPorts = Object.keys(ExposedPorts ?? {})

  const problem =
    tooMuch('variables', Env, MAX_ARGUMENT) ??
    tooMuch('arguments', [...(Entrypoint ?? []), ...(Cmd ?? [])], MAX_ARGUMENT) ??
    tooMuch(
      'labels',
      labels.map(label => label.join('=')),
      MAX_TOTAL,
    ) ??
    tooMuch('volumes', volumes, MAX_PATH) ??
    tooMuch('ports', exposedPorts, 64) ??
    tooMuch(
      'layers in its history',
      history?.map(() => ''),
      0,
      MAX_HISTORY,
    ) ??
    tooMuch('working directories', [WorkingDir ?? ''], MAX_PATH) ??
    tooMuch('users', [User ?? ''], 512) ??
    tooMuch('stop signals', [StopSignal ?? ''], 64) ??
    tooMuch(
      'platforms',
      [rest.os, rest.architecture, rest.variant].map(part => part ?? ''),
      64,
    ) ??
    tooMuch('dates', [rest.created ?? ''], 64)
  if (problem !== null) return E.left(problem)

  // Why it is refused is recorded, and values may be secrets: they are not quoted.
  if (Env?.some(variable => variable === '' || variable.startsWith('=')) === true)
    return bad('it has a variable without a name')
  if (/[\n\r]/.test(User ?? '')) return bad('it has a user with a line break in its name')
  const workingDir = WorkingDir ? insideRoot(WorkingDir) : ''
  if (/^\/proc(?:\/|$)/.test(workingDir)) return bad(`its working directory is ${workingDir}`)

  const image: ImageConfig = {
    os: rest.os ?? '',
    architecture: rest.architecture ?? '',
    variant: rest.variant ?? '',
    created: rest.created || null,
    author: rest.author ? rest.author.slice(0, MAX_TEXT) : null,
    entrypoint: Entrypoint ?? null,
    cmd: Cmd ?? null,
    exposedPorts,
    labels: Object.fromEntries(labels.filter(([name]) => name !== '__proto__' && !isReservedLabel(name))),
    defaults: {
      user: User ?? '',
      env: (Env ?? []).map(variable => (variable.includes('=') ? variable : `${variable}=`)),
      workingDir,
      volumes: [...new Set(volumes.map(insideRoot))],
      stopSignal: StopSignal || null,
    },
    diffIds,
    history: (history ?? []).map(
      (line): ImageHistory => ({
        created: line.created ? line.created.slice(0, 64) : null,
        createdBy: (line.created_by ?? '').slice(0, MAX_TEXT),
        comment: (line.comment ?? '').slice(0, MAX_TEXT),
        emptyLayer: line.empty_layer ?? false,
      }),
    ),
  }
  const read = { image, strippedLabels: labels.map(([name]) => name).filter(isReservedLabel) }
  const size = utf8Length(JSON.stringify(read))
  return size > MAX_RECORDED
    ? E.left({ problem: 'too-large', cause: `it has ${size} bytes in all, more than ${MAX_RECORDED}` })
    : E.right(read)
}

/** A path of the image as the image's own root sees it: absolute, and never above it. */
const insideRoot = (path: string): string => {
  const parts: Array<string> = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

const tooMuch = (
  what: string,
  texts: ReadonlyArray<string> | null | undefined,
  longest: number,
  most = MAX_ENTRIES,
): BadDocument | null => {
  if (texts === null || texts === undefined) return null
  const large = (cause: string): BadDocument => ({ problem: 'too-large', cause })
  if (texts.length > most) return large(`it has ${texts.length} ${what}, more than ${most}`)
  let total = 0
  for (const text of texts) {
    const bytes = utf8Length(text)
    if (bytes > longest) return large(`one of its ${what} has ${bytes} bytes, more than ${longest}`)
    if (text.includes('\0'))
      return { problem: 'registry-protocol', cause: `one of its ${what} has a NUL in it` }
    total += bytes
  }
  return total > MAX_TOTAL ? large(`its ${what} have ${total} bytes, more than ${MAX_TOTAL}`) : null
}

const utf8Length = (text: string) => {
  let bytes = text.length
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (code > 0xffff) bytes += 2
    else if (code > 0x7ff) bytes += 2
    else if (code > 0x7f) bytes += 1
  }
  return bytes
}

const bad = (cause: string): E.Either<BadDocument, never> => E.left({ problem: 'registry-protocol', cause })
