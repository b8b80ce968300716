/** Stories told across components. */
export { createContainer, rootfsOf } from './create-container.ts'
export { removeContainer } from './remove-container.ts'
export { removeImage } from './remove-image.ts'
export { renameContainer } from './rename-container.ts'
export { transferImage } from './transfer-image.ts'
export type { Process, Refusal, Request } from './process.ts'
