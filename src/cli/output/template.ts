import { UsageError } from '../failure.ts'
import { table } from './table.ts'
import { parseTemplate } from './template-parser.ts'
import type { Node, Operand, Pipeline } from './template-parser.ts'

type Scope = Readonly<{ dot: unknown; root: unknown }>

/** A template, ready to be used on many values. */
export type Template = Readonly<{
  /** One line for each value; with `table` before the template also a header, and columns. */
  render: (values: ReadonlyArray<unknown>, headers?: Readonly<Record<string, string>>) => string
}>

/** The `--format` of docker: `{{.Names}}\t{{.Status}}`, `table {{.Names}}`, `{{json .}}`. */
export const template = (source: string): Template => {
  const isTable = /^table(?:\s|$)/.test(source)
  const text = (isTable ? source.replace(/^table\s*/, '') : source)
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n')
  const nodes = parseTemplate(text)
  const line = (value: unknown) => renderAll(nodes, { dot: value, root: value })
  return {
    render: (values, headers = {}) => {
      const lines = values.map(line)
      if (!isTable) return lines.map(each => `${each}\n`).join('')
      return table(
        headerOf(nodes, headers).split('\t'),
        lines.map(each => each.split('\t')),
      )
    },
  }
}

const headerOf = (nodes: ReadonlyArray<Node>, headers: Readonly<Record<string, string>>): string =>
  nodes
    .map(node => {
      if (node.is === 'text') return node.text
      if (node.is !== 'print') return ''
      const path = node.pipeline.flat().find(operand => operand.is === 'path')
      const key = path?.is === 'path' ? (path.keys.at(-1) ?? '') : ''
      return headers[key] ?? key.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toUpperCase()
    })
    .join('')

const renderAll = (nodes: ReadonlyArray<Node>, scope: Scope): string =>
  nodes.map(node => render(node, scope)).join('')

const render = (node: Node, scope: Scope): string => {
  switch (node.is) {
    case 'text':
      return node.text
    case 'print':
      return printed(evaluate(node.pipeline, scope))
    case 'if':
      return renderAll(isTrue(evaluate(node.pipeline, scope)) ? node.body : node.otherwise, scope)
    case 'with': {
      const dot = evaluate(node.pipeline, scope)
      return isTrue(dot) ? renderAll(node.body, { ...scope, dot }) : renderAll(node.otherwise, scope)
    }
    case 'range': {
      const over = evaluate(node.pipeline, scope)
      const items = Array.isArray(over) ? over : isObject(over) ? Object.values(over) : []
      if (items.length === 0) return renderAll(node.otherwise, scope)
      return items.map(dot => renderAll(node.body, { ...scope, dot })).join('')
    }
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const isTrue = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.length > 0
  return isObject(value) ? Object.keys(value).length > 0 : Boolean(value)
}

/** As Go prints: a list in brackets, a map as `map[a:1]`, nothing known as `<no value>`. */
const printed = (value: unknown): string => {
  if (value === undefined) return '<no value>'
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(printed).join(' ')}]`
  if (!isObject(value)) return String(value)
  const pairs = Object.entries(value).map(([key, each]) => `${key}:${printed(each)}`)
  return `map[${pairs.toSorted().join(' ')}]`
}

const evaluate = (pipeline: Pipeline, scope: Scope): unknown => {
  let last: ReadonlyArray<unknown> = []
  for (const call of pipeline) last = [evaluateCall(call, last, scope)]
  return last[0]
}

const evaluateCall = (
  [first, ...rest]: ReadonlyArray<Operand>,
  piped: ReadonlyArray<unknown>,
  scope: Scope,
): unknown => {
  if (first === undefined) return undefined
  const args = [...rest.map(operand => valueOf(operand, scope)), ...piped]
  if (first.is === 'function') return callFunction(first.name, args)
  const value = valueOf(first, scope)
  if (typeof value === 'function') return (value as (...args: ReadonlyArray<unknown>) => unknown)(...args)
  if (rest.length > 0) throw new UsageError(`--format: ${describe(first)} takes no arguments`)
  return value
}

const describe = (operand: Operand) => (operand.is === 'path' ? `.${operand.keys.join('.')}` : 'a value')

const valueOf = (operand: Operand, scope: Scope): unknown => {
  switch (operand.is) {
    case 'literal':
      return operand.value
    case 'function':
      return callFunction(operand.name, [])
    case 'pipeline':
      return evaluate(operand.pipeline, scope)
    case 'path': {
      let value: unknown = operand.from === 'root' ? scope.root : scope.dot
      for (const key of operand.keys) {
        if (value == null) return undefined
        if (!isObject(value)) throw new UsageError(`--format: there is nothing at ${describe(operand)}`)
        if (!Object.hasOwn(value, key)) {
          if (isWhole in value) throw unknownField(key, Object.keys(value))
          return undefined
        }
        value = value[key]
      }
      return value
    }
  }
}

const isWhole = Symbol('these are all fields there are')

/** Marks a row whose fields are all there are, so that a wrong name is an error and not an empty column. */
export const fields = <Row extends object>(row: Row): Row =>
  Object.defineProperty({ ...row }, isWhole, { value: true })

/** The same for all that is in it, but for what has keys of its own choosing, by its name. */
export const allFields = (value: unknown, free: ReadonlyArray<string>): unknown => {
  if (Array.isArray(value)) return value.map(each => allFields(each, free))
  if (!isObject(value)) return value
  return fields(
    Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, free.includes(key) ? each : allFields(each, free)]),
    ),
  )
}

const unknownField = (key: string, known: ReadonlyArray<string>) =>
  new UsageError(`--format: there is no field .${key}`, `one of ${known.map(name => `.${name}`).join(' ')}`)

const string = (value: unknown) => (typeof value === 'string' ? value : printed(value))

const functions: Readonly<Record<string, (...args: ReadonlyArray<unknown>) => unknown>> = {
  json: value => JSON.stringify(value) ?? 'null',
  join: (list, separator) => (Array.isArray(list) ? list.map(string).join(string(separator)) : string(list)),
  split: (text, separator) => string(text).split(string(separator)),
  upper: text => string(text).toUpperCase(),
  lower: text => string(text).toLowerCase(),
  title: text => string(text).replaceAll(/\b[a-z]/g, letter => letter.toUpperCase()),
  len: value =>
    Array.isArray(value) || typeof value === 'string' ? value.length : Object.keys(value ?? {}).length,
  index: (value, ...keys) =>
    keys.reduce((inner, key) => (isObject(inner) ? inner[String(key)] : undefined), value),
  truncate: (text, length) => string(text).slice(0, Number(length)),
  pad: (text, before, after) => ' '.repeat(Number(before)) + string(text) + ' '.repeat(Number(after)),
  println: (...values) => `${values.map(string).join(' ')}\n`,
  print: (...values) => values.map(string).join(''),
  printf: (format, ...values) => formatted(string(format), values),
  eq: (a, ...others) => others.some(b => a === b),
  ne: (a, b) => a !== b,
  lt: (a, b) => Number(a) < Number(b),
  gt: (a, b) => Number(a) > Number(b),
  not: value => !isTrue(value),
  and: (...values) => values.find(value => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
}

/** `%s %d %v %q %t`, with widths (`%-10s`). */
const formatted = (format: string, values: ReadonlyArray<unknown>): string => {
  const queue = [...values]
  return format.replaceAll(
    /%(-?)([0-9]*)(?:\.[0-9]+)?([sdvqtf%])/g,
    (_, left: string, width: string, verb: string) => {
      if (verb === '%') return '%'
      const value = queue.shift()
      const text = verb === 'q' ? JSON.stringify(string(value)) : string(value)
      return left === '-' ? text.padEnd(Number(width)) : text.padStart(Number(width))
    },
  )
}

const callFunction = (name: string, args: ReadonlyArray<unknown>): unknown => {
  const called = Object.hasOwn(functions, name) ? functions[name] : undefined
  if (called === undefined)
    throw new UsageError(
      `--format: there is no function ${name}`,
      `one of ${Object.keys(functions).join(' ')}`,
    )
  return called(...args)
}
