import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'

const directory = new URL('../fixtures/oci-runtime-spec/', import.meta.url)

const schemas = () =>
  readdirSync(directory)
    .filter(name => name.endsWith('.json'))
    .map(name => {
      // Draft 4, which Ajv no longer has a name for; nothing in these files means something else in draft 7.
      const { $schema: _, ...schema } = JSON.parse(readFileSync(new URL(name, directory), 'utf8'))
      return { ...schema, $id: name }
    })

const ajv = new Ajv({ schemas: schemas(), strict: false, allErrors: true })
const validate = ajv.getSchema('config-schema.json')

/** Fails with every difference from the OCI runtime specification's own schema. */
export const assertOciConfig = (config: unknown) => {
  assert.ok(validate !== undefined)
  const isValid = validate(config)
  assert.ok(isValid, ajv.errorsText(validate.errors, { separator: '\n' }))
}
