import * as t from 'io-ts'

/** A string that has been checked once, at the edge, and is trusted from then on. */
export const branded = <Name extends string>(name: Name, pattern: RegExp) =>
  t.brand(t.string, (s): s is t.Branded<string, { readonly [K in Name]: symbol }> => pattern.test(s), name)

/** A content digest (OCI image-spec, descriptor.md "Digests"). sha256 is the only algorithm we verify. */
export const Digest = branded('Digest', /^sha256:[a-f0-9]{64}$/)
export type Digest = t.TypeOf<typeof Digest>

/** A container: 32 random bytes in hex, as docker's. */
export const ContainerId = branded('ContainerId', /^[a-f0-9]{64}$/)
export type ContainerId = t.TypeOf<typeof ContainerId>

/** A process started inside a running container, beside its own: 32 random bytes in hex. */
export const ExecId = branded('ExecId', /^[a-f0-9]{64}$/)
export type ExecId = t.TypeOf<typeof ExecId>

/** What people call a container (docker's grammar). */
export const ContainerName = branded('ContainerName', /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/)
export type ContainerName = t.TypeOf<typeof ContainerName>

/** A snapshot: a layer's chain id, or the id of the container that writes to it. */
export const SnapshotKey = branded('SnapshotKey', /^(?:sha256:)?[a-f0-9]{64}$/)
export type SnapshotKey = t.TypeOf<typeof SnapshotKey>

/** One asking for an image, and all that follows from it. */
export const PullId = branded('PullId', /^[a-zA-Z0-9][a-zA-Z0-9-]{0,127}$/)
export type PullId = t.TypeOf<typeof PullId>

/** An image's full name, as `domain/distribution/reference.ts` writes it: `docker.io/library/alpine:3.20`. */
export const ImageName = branded('ImageName', /^[^\s/]+\/\S{1,480}$/)
export type ImageName = t.TypeOf<typeof ImageName>

/** A namespace of images and containers (containerd's grammar). */
export const Namespace = branded('Namespace', /^[a-zA-Z0-9]+(?:[._-][a-zA-Z0-9]+){0,40}$/)
export type Namespace = t.TypeOf<typeof Namespace>

/** The name a daemon has in the log. It stands in the name of every stream. */
export const NodeName = branded('NodeName', /^[a-z0-9](?:[a-z0-9.]{0,61}[a-z0-9])?$/)
export type NodeName = t.TypeOf<typeof NodeName>
