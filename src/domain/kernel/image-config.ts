import * as t from 'io-ts'
import { Digest } from './identifiers.ts'

const nullable = <C extends t.Mixed>(codec: C) => t.union([codec, t.null])
const strings = t.readonlyArray(t.string)

/** What a container takes over from its image where it was not asked for something else. */
export const ImageDefaults = t.strict(
  {
    /** `user[:group]`, by name or number; '' is root. */
    user: t.string,
    /** `NAME=value`. */
    env: strings,
    /** '' is `/`. */
    workingDir: t.string,
    volumes: strings,
    /** By name or number. */
    stopSignal: nullable(t.string),
  },
  'ImageDefaults',
)
export type ImageDefaults = t.TypeOf<typeof ImageDefaults>

/** One line of an image's history (OCI image-spec, config.md "history"). */
export const ImageHistory = t.strict(
  {
    created: nullable(t.string),
    createdBy: t.string,
    comment: t.string,
    emptyLayer: t.boolean,
  },
  'ImageHistory',
)
export type ImageHistory = t.TypeOf<typeof ImageHistory>

/** An image's configuration, read and bounded (OCI image-spec, config.md). */
export const ImageConfig = t.strict(
  {
    os: t.string,
    architecture: t.string,
    variant: t.string,
    created: nullable(t.string),
    author: nullable(t.string),
    entrypoint: nullable(strings),
    cmd: nullable(strings),
    exposedPorts: strings,
    labels: t.record(t.string, t.string),
    defaults: ImageDefaults,
    diffIds: t.readonlyArray(Digest),
    history: t.readonlyArray(ImageHistory),
  },
  'ImageConfig',
)
export type ImageConfig = t.TypeOf<typeof ImageConfig>
