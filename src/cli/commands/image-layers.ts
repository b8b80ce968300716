import type { Image } from '../client/answers.ts'
import { ago } from '../output/age.ts'
import { size } from '../output/size.ts'
import { cut, shortId, table } from '../output/table.ts'

/** An image's layers, the newest first, as docker's `history` has them; sizes are of what is fetched. */
export const imageLayers = (image: Image, now: Date, isWhole: boolean): string => {
  const layers = [...image.layers]
  const steps =
    image.history.length > 0 ? image.history : image.layers.map(() => ({}) as Image['history'][number])
  const rows = steps.map(step => {
    const isEmpty = step.emptyLayer ?? step.empty_layer ?? false
    const layer = isEmpty ? undefined : layers.shift()
    const blob = layer?.blob
    const digest = blob === undefined ? '' : typeof blob === 'string' ? blob : blob.digest
    const bytes = blob === undefined ? 0 : typeof blob === 'string' ? null : blob.size
    const by = (step.createdBy ?? step.created_by ?? '').replace(/^\/bin\/sh -c #\(nop\) +/, '')
    return [
      digest === '' ? '<no layer>' : isWhole ? digest : shortId(digest),
      ago(step.created, now),
      isWhole ? by : cut(by.replaceAll(/\s+/g, ' '), 45),
      size(bytes),
      step.comment ?? '',
    ]
  })
  return table(['LAYER', 'CREATED', 'CREATED BY', 'SIZE', 'COMMENT'], rows.toReversed())
}
