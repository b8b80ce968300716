import * as E from 'fp-ts/lib/Either.js'
import { familiar, parseReference } from '../../domain/distribution/reference.ts'
import type { InvalidReference } from '../../domain/distribution/reference.ts'
import type { ImageName, Namespace } from '../../domain/kernel/identifiers.ts'
import type { Image } from '../../domain/metadata/index.ts'
import type { ImageView } from '../../projections/metadata/images.ts'
import type { At } from '../../projections/temporal.ts'
import type { Engine } from '../engine.ts'
import type { Unanswerable } from '../problem.ts'

export const defaultNamespace = 'default' as Namespace

type Missing = InvalidReference | Image.Rejection | Unanswerable

/** A full name for what a person wrote. */
export const nameOf = (reference: string): E.Either<InvalidReference, ImageName> => {
  const parsed = parseReference(reference)
  return E.isLeft(parsed) ? parsed : E.right(parsed.right.name)
}

/** An image by its name, familiar or in full, or by its id or the beginning of it. */
export const findImage = (
  { queries }: Pick<Engine, 'queries'>,
  reference: string,
  at: At,
): E.Either<Missing, ImageView> => {
  const name = nameOf(reference)
  const named = E.isLeft(name) ? null : queries.imageByName(defaultNamespace, name.right, at)
  if (named !== null) return E.right(named)
  const byId = queries.imageById(reference, at)
  switch (byId.kind) {
    case 'found':
      return E.right(byId.found)
    case 'ambiguous':
      return E.left({ reason: 'image-ambiguous', image: reference, candidates: byId.candidates })
    case 'none':
      return E.isLeft(name) ? name : E.left({ reason: 'image-not-found', image: reference })
  }
}

export const familiarName = (name: string): string => {
  const parsed = parseReference(name)
  return E.isLeft(parsed) ? name : familiar(parsed.right)
}

/** An image as it leaves us; `unpackedSize` is what its layers take on disk, where that is known. */
export const imageJson = (view: ImageView, unpackedSize: number | null) => {
  const { name, namespace, id, target, size, namedAt, actor, source, position } = view
  const { index, manifest, config, layers, image } = target
  const { os, architecture, variant, created, history, defaults, ...rest } = image
  return {
    name,
    familiar: familiarName(name),
    namespace,
    id,
    manifest,
    index,
    config,
    layers,
    size,
    unpackedSize,
    platform: { os, architecture, variant },
    created,
    image: { ...rest, ...defaults },
    history,
    namedAt,
    actor,
    source,
    position,
  }
}
