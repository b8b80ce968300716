import { LayerRefused, shown } from './refusal.ts'

/**
 * A name's components, as if the layer's root were `/`: absolute or not, `..` ends at the root. (`a/../../x` is `x`.)
 *
 * @throws LayerRefused `corrupt-archive` for a name with a NUL, at which the kernel would cut it
 */
export const componentsOf = (name: string): ReadonlyArray<string> => {
  if (name.includes('\0')) throw new LayerRefused('corrupt-archive', `${shown(name)}: a name with a NUL`)
  const components: Array<string> = []
  for (const component of name.split('/')) {
    if (component === '..') components.pop()
    else if (component !== '' && component !== '.') components.push(component)
  }
  return components
}
