import * as E from 'fp-ts/lib/Either.js'
import type { Bind } from '../kernel/container-options.ts'
import { parseAbsolutePath, parseMountTarget } from './absolute-path.ts'
import { malformed, parsed, quoted } from './flag.ts'
import type { Parsed } from './flag.ts'

/**
 * `SOURCE:TARGET[:OPTIONS]` of `--volume`. Options are `ro`, `rw` and `rprivate` (which is how it is anyway), and
 * `z` and `Z`, which say nothing where there is no SELinux. Sources are paths: there are no named volumes.
 */
export const parseBind = (text: string): Parsed<Bind> => {
  const [source, target, options, ...more] = text.split(':')
  if (source === undefined || target === undefined || more.length > 0)
    return malformed(`bind ${quoted(text)} is not of the form SOURCE:TARGET[:ro]`)
  if (!source.startsWith('/'))
    return malformed(
      source.startsWith('.') || source.startsWith('~')
        ? `bind ${quoted(text)}: the source is not an absolute path`
        : `bind ${quoted(text)}: the source is not a path, and there are no named volumes`,
    )

  const readonly = parseBindOptions(text, options)
  if (E.isLeft(readonly)) return readonly
  return checkedBind({ source, target, readonly: readonly.right })
}

const parseBindOptions = (bind: string, options: string | undefined): Parsed<boolean> => {
  let readonly = false
  let isAccessGiven = false
  for (const option of options?.split(',') ?? []) {
    switch (option) {
      case 'ro':
      case 'rw':
        if (isAccessGiven)
          return malformed(`bind ${quoted(bind)} says more than once whether it is read-only`)
        isAccessGiven = true
        readonly = option === 'ro'
        break
      case 'rprivate':
      case 'z':
      case 'Z':
        break
      default:
        return malformed(
          `bind ${quoted(bind)}: option ${quoted(option)} is not one of ro, rw, rprivate, z, Z`,
        )
    }
  }
  return parsed(readonly)
}

/** A bind with both paths absolute and clean, and a target one may mount on. */
export const checkedBind = ({ source, target, readonly }: Bind): Parsed<Bind> => {
  const from = parseAbsolutePath(source, 'bind source')
  if (E.isLeft(from)) return from
  const to = parseMountTarget(target, 'bind target')
  return E.isLeft(to) ? to : parsed({ source: from.right, target: to.right, readonly })
}
