/** Metadata: names, and every persistent reference to images and bundles. */
export { Target } from './image-events.ts'
export * as Image from './image.ts'
export * as ContainerNames from './container-name.ts'

export const imageCategory = 'image'
export const nameCategory = 'name'
