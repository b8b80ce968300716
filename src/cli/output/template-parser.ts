import { UsageError } from '../failure.ts'

// The part of Go's text/template that people use with docker's --format.

/** One word of a pipeline: a path below the dot, a path below the root, a variable's like, a literal, or a call. */
export type Operand =
  | Readonly<{ is: 'path'; from: 'dot' | 'root'; keys: ReadonlyArray<string> }>
  | Readonly<{ is: 'literal'; value: string | number | boolean }>
  | Readonly<{ is: 'pipeline'; pipeline: Pipeline }>
  | Readonly<{ is: 'function'; name: string }>

/** Calls from left to right; each hands its result to the next as the last argument. */
export type Pipeline = ReadonlyArray<ReadonlyArray<Operand>>

export type Node =
  | Readonly<{ is: 'text'; text: string }>
  | Readonly<{ is: 'print'; pipeline: Pipeline }>
  | Readonly<{
      is: 'if' | 'range' | 'with'
      pipeline: Pipeline
      body: ReadonlyArray<Node>
      otherwise: ReadonlyArray<Node>
    }>

const wrong = (what: string) =>
  new UsageError(`--format: ${what}`, "shiplog ps --format '{{.Names}} {{.Status}}'")

type Piece = Readonly<{ is: 'text' | 'action'; text: string }>

const piecesOf = (source: string): ReadonlyArray<Piece> => {
  const pieces: Array<Piece> = []
  let rest = source
  while (rest !== '') {
    const open = rest.indexOf('{{')
    if (open === -1) {
      pieces.push({ is: 'text', text: rest })
      break
    }
    const action = /^\{\{(-(?=\s))?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^"`])*?)((?<=\s)-)?\}\}/.exec(
      rest.slice(open),
    )
    if (action === null) throw wrong(`"${rest.slice(open, open + 30)}" is not closed with }}`)
    const [whole, trimsBefore, inside = '', trimsAfter] = action
    const before = rest.slice(0, open)
    pieces.push({ is: 'text', text: trimsBefore === undefined ? before : before.trimEnd() })
    pieces.push({ is: 'action', text: inside.trim() })
    rest = rest.slice(open + whole.length)
    if (trimsAfter !== undefined) rest = rest.trimStart()
  }
  return pieces
}

type Frame = {
  node: Readonly<{ is: 'if' | 'range' | 'with'; pipeline: Pipeline }> | null
  body: Array<Node>
  otherwise: Array<Node> | null
  /** An `else if` closes with its `if`. */
  isChained: boolean
}

/** A template as a tree; a `UsageError` says what cannot be read. */
export const parseTemplate = (source: string): ReadonlyArray<Node> => {
  const stack: Array<Frame> = [{ node: null, body: [], otherwise: null, isChained: false }]
  const top = () => stack.at(-1) as Frame
  const add = (node: Node) => (top().otherwise ?? top().body).push(node)

  const close = () => {
    const { node, body, otherwise, isChained } = stack.pop() as Frame
    if (node === null) throw wrong('there is an {{end}} too many')
    add({ ...node, body, otherwise: otherwise ?? [] })
    if (isChained) close()
  }

  for (const { is, text } of piecesOf(source)) {
    const block = /^(if|range|with)\s+(.+)$/s.exec(text)
    const elseIf = /^else\s+(if|with)\s+(.+)$/s.exec(text)
    if (is === 'text') {
      if (text !== '') add({ is: 'text', text })
    } else if (block !== null) {
      const node = { is: block[1] as 'if', pipeline: parsePipeline(block[2] as string) }
      stack.push({ node, body: [], otherwise: null, isChained: false })
    } else if (elseIf !== null) {
      top().otherwise = []
      const node = { is: elseIf[1] as 'if', pipeline: parsePipeline(elseIf[2] as string) }
      stack.push({ node, body: [], otherwise: null, isChained: true })
    } else if (text === 'else') {
      if (top().node === null) throw wrong('there is an {{else}} without an {{if}}')
      top().otherwise = []
    } else if (text === 'end') {
      close()
    } else if (!text.startsWith('/*')) {
      add({ is: 'print', pipeline: parsePipeline(text) })
    }
  }
  if (stack.length > 1) throw wrong('an {{end}} is missing')
  return top().body
}

const tokenPattern =
  /\s*(?:("(?:[^"\\]|\\.)*")|`([^`]*)`|(-?[0-9]+(?:\.[0-9]+)?)(?![\w.])|([$.][\w.$-]*)|([A-Za-z_]\w*)|([()|]))/y

const parsePipeline = (source: string): Pipeline => {
  const tokens: Array<RegExpExecArray> = []
  tokenPattern.lastIndex = 0
  const trimmed = source.trimEnd()
  while (tokenPattern.lastIndex < trimmed.length) {
    const at = tokenPattern.lastIndex
    const token = tokenPattern.exec(trimmed)
    if (token === null) throw wrong(`cannot read "${trimmed.slice(at).trim()}"`)
    tokens.push(token)
  }
  const pipeline = readPipeline(tokens, false)
  if (pipeline.some(call => call.length === 0)) throw wrong(`a part of "{{${source}}}" is empty`)
  return pipeline
}

const readPipeline = (tokens: Array<RegExpExecArray>, isNested: boolean): Pipeline => {
  const calls: Array<Array<Operand>> = [[]]
  for (let token = tokens.shift(); token !== undefined; token = tokens.shift()) {
    const [, quoted, raw, digits, path, word, sign] = token
    const call = calls.at(-1) as Array<Operand>
    if (quoted !== undefined) call.push({ is: 'literal', value: unquote(quoted) })
    else if (raw !== undefined) call.push({ is: 'literal', value: raw })
    else if (digits !== undefined) call.push({ is: 'literal', value: Number(digits) })
    else if (path !== undefined) call.push(pathOf(path))
    else if (word === 'true' || word === 'false') call.push({ is: 'literal', value: word === 'true' })
    else if (word !== undefined) call.push({ is: 'function', name: word })
    else if (sign === '|') calls.push([])
    else if (sign === '(') call.push({ is: 'pipeline', pipeline: readPipeline(tokens, true) })
    else if (isNested) return calls
    else throw wrong('there is a ) too many')
  }
  if (isNested) throw wrong('a ) is missing')
  return calls
}

const pathOf = (text: string): Operand => ({
  is: 'path',
  from: text.startsWith('$') ? 'root' : 'dot',
  keys: text
    .replace(/^\$/, '')
    .split('.')
    .filter(key => key !== ''),
})

const unquote = (quoted: string): string => {
  const inner = quoted.slice(1, -1)
  return inner.replaceAll(/\\(.)/g, (_, c: string) => ({ n: '\n', t: '\t', r: '\r' })[c] ?? c)
}
