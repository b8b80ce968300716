import type { ContainerView } from '../../projections/runtime/containers.ts'

/** A container as it leaves us. What its image says by itself is left out: the image has it. */
export const containerJson = ({ defaults: _, ...view }: ContainerView) => ({
  ...view,
  command: view.options.args,
  labels: view.options.labels,
})
