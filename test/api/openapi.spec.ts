import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { commandBodies, openApiDocument } from '../../src/api/openapi.ts'
import { noQuery } from '../../src/api/query.ts'
import { commandNames } from '../../src/domain/processes/operation.ts'
import { trialApi } from './support/trial-api.ts'

type Operation = Readonly<{
  operationId: string
  parameters: ReadonlyArray<Readonly<{ name: string; in: string; schema: object }>>
  responses: Readonly<Record<string, object>>
  requestBody?: Readonly<{ content: Readonly<Record<string, Readonly<{ schema?: object }>>> }>
}>
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>

const document = openApiDocument('1.2.3')
const paths = document.paths as Paths
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

/** What fastify has as `*` has a name in the document; a history is asked for at the end of an image's name. */
const documented = (url: string) =>
  url
    .replace('/images/*', '/images/{image}')
    .replace('/streams/*', '/streams/{stream}')
    .replaceAll(/:(\w+)/g, '{$1}')

const schemas = () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ $id: 'https://shiplog.dev/api', components: document.components })
  return (name: string) => {
    const validate = ajv.compile({ $ref: `https://shiplog.dev/api#/components/schemas/${name}` })
    return (value: unknown) => assert.ok(validate(value), `${JSON.stringify(validate.errors)}`)
  }
}

describe('the OpenAPI document', () => {
  it('has the version and the form of OpenAPI 3.1', () => {
    assert.equal(document.openapi, '3.1.0')
    assert.equal(document.info.version, '1.2.3')
    assert.equal(typeof document.info.title, 'string')
    for (const { path, method, operation } of operations) {
      const note = `${method} ${path}`
      assert.match(path, /^\/v1\//, note)
      assert.ok(['get', 'post'].includes(method), note)
      assert.ok('default' in operation.responses, note)
      for (const { name, schema } of operation.parameters)
        assert.ok(name !== '' && schema !== undefined, note)
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      assert.deepEqual(
        operation.parameters.filter(parameter => parameter.in === 'path').map(({ name }) => name),
        inPath,
        note,
      )
    }
  })

  it('names every operation once', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    assert.deepEqual(ids.toSorted(), [...new Set(ids)].toSorted())
    for (const id of ids) assert.match(id, /^[a-zA-Z][a-zA-Z-]*$/)
  })

  it('refers to nothing that is not in it', () => {
    const text = JSON.stringify(document)
    for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
      assert.ok(Object.hasOwn(document.components.schemas, name), name)
    assert.equal([...text.matchAll(/"\$ref":"(?!#\/components\/schemas\/\w+")/g)].length, 0)
  })

  it('has every route there is, and no other, each with its parameters', async () => {
    await using api = trialApi()
    const routes: Array<string> = []
    const { buildServer } = await import('../../src/api/server.ts')
    const app = buildServer(api.engine, () => {})
    app.addHook('onRoute', ({ url, method, config }) => {
      const query = Object.keys((config?.query ?? noQuery).props)
      routes.push(`${[method].flat().join().toLowerCase()} ${documented(url)} ${query.toSorted().join()}`)
    })
    await app.ready()
    await app.close()
    const isPage = (route: string) => route.startsWith('get /docs')
    assert.deepEqual(
      routes.filter(route => !isPage(route)).toSorted(),
      operations
        .map(({ path, method, operation: { parameters } }) => {
          const query = parameters.filter(parameter => parameter.in === 'query').map(({ name }) => name)
          return `${method} ${path} ${query.toSorted().join()}`
        })
        .toSorted(),
    )
    assert.equal(routes.filter(isPage).length, 2)
  })

  it('has a body for each command, which knows all of its fields', () => {
    assert.deepEqual(Object.keys(commandBodies).toSorted(), [...commandNames].toSorted())
    for (const name of commandNames) {
      const schema = paths[`/v1/commands/${name}`]?.['post']?.requestBody?.content['application/json']
        ?.schema as Readonly<{ required: ReadonlyArray<string>; additionalProperties: boolean }> | undefined
      assert.equal(schema?.additionalProperties, false, name)
      assert.ok((schema?.required.length ?? 0) > 0, name)
    }
  })

  it('describes what is answered', async () => {
    await using api = trialApi()
    const schema = schemas()
    await api.withImage()
    const operation = await api.command('run-container', { image: 'alpine:3.20', name: 'web' })
    schema('Operation')(operation.body)
    const { body } = await api.get('/v1/events?limit=1000')
    for (const event of body['items'] as ReadonlyArray<unknown>) schema('Event')(event)
    schema('Problem')((await api.get('/v1/containers/nobody')).body)
    schema('Problem')((await api.get('/v1/nothing')).body)
  })

  it('is served, and so is a page to browse it by', async () => {
    await using api = trialApi()
    const served = await api.get('/v1/openapi.json')
    assert.equal(served.status, 200)
    assert.equal(served.body['openapi'], '3.1.0')
    const page = await api.get('/docs')
    const final = page.status >= 300 ? await api.get(String(page.headers['location'])) : page
    assert.equal(final.status, 200)
    assert.match(final.text, /\/v1\/openapi\.json/)
    const script = /src="([^"]*scalar[^"]*\.js)"/.exec(final.text)?.[1]
    assert.ok(script !== undefined && !script.startsWith('http'), `${script} comes from elsewhere`)
    const url = new URL(script, 'http://x/docs/').pathname
    assert.equal((await api.get(url)).status, 200, url)
  })
})
