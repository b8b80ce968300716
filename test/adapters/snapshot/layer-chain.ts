import fc from 'fast-check'
import { endMark, member } from './raw-tar.ts'
import type { Member } from './raw-tar.ts'

// Random images. A tree is changed at random, and each layer is what changed, as a builder would write it: so layers are
// well-formed, whatever is in them, and there is one right answer to what they come to.

/** What a file system knows of a thing, but for its names. Names and strings are latin1, a character a byte. */
type Inode = Readonly<{
  type: 'file' | 'symlink' | 'character-device' | 'block-device' | 'fifo'
  look: Look
  content: string
  target: string
  major: number
  minor: number
}>

type Look = Readonly<{
  mode: number
  uid: number
  gid: number
  /** Nanoseconds since 1970. */
  modified: bigint
  attributes: Readonly<Record<string, Buffer>>
}>

/** A directory is another one when it was made anew; what it is like may change meanwhile. */
type Folder = Readonly<{ type: 'folder'; id: object; look: Look; children: ReadonlyMap<string, Tree> }>
type Tree = Inode | Folder

export type Chain = Readonly<{ layers: ReadonlyArray<Readonly<{ tar: Buffer; gzip: boolean }>> }>

const long = (letter: string, length: number) => letter.repeat(length)

// Few enough to meet.
const name = fc.constantFrom(
  'a',
  'a',
  'b',
  'b',
  'c',
  'dir',
  '\xc3\xbc',
  '\xff\xfe',
  'new\nline',
  ' blank ',
  '..a',
  '...',
  'x.wh.y',
  '-rf',
  'a=b',
  '\\"\t',
  long('l', 101),
  long('\xe9', 255),
)

const time = fc.constantFrom(
  0n,
  1_000_000_000n,
  -1_000_000_000n,
  -1n,
  -86_399_500_000_000n,
  1_600_000_000_123_456_789n,
  1_600_000_000_000_000_000n,
  // Beyond 2^32 and 2^33 seconds: what is octal ends here.
  4_294_967_296_000_000_001n,
  8_589_934_592_000_000_000n,
)

const id = fc.constantFrom(0, 0, 7, 1000, 65_534, 2_097_152, 2 ** 31, 2 ** 32 - 2)

/** Of files: two of version 2, and one of version 3 for another user namespace's root (linux/capability.h). */
const capability = fc.constantFrom(
  Buffer.from('0100000200040000000000000000000000000000', 'hex'),
  Buffer.from('0000000200200000000000000000000000000000', 'hex'),
  Buffer.from('010000030004000000000000000000000000000010270000', 'hex'),
)

const acl = Buffer.from(
  '0200000001000700ffffffff02000500e803000004000500ffffffff10000500ffffffff20000500ffffffff',
  'hex',
)

const value = fc.uint8Array({ minLength: 1, maxLength: 20 }).map(bytes => Buffer.from(bytes))

const look = fc.record({
  mode: fc.constantFrom(0o644, 0o755, 0, 0o4755, 0o2755, 0o1777, 0o7777, 0o400),
  uid: id,
  gid: id,
  modified: time,
  attributes: fc.dictionary(fc.constantFrom('user.a', 'user.\xc3\xbc', 'trusted.t'), value, { maxKeys: 2 }),
})

const act = fc.record({
  what: fc.constantFrom(
    ...(['file', 'file', 'folder', 'folder', 'folder', 'symlink', 'device', 'fifo'] as const),
    ...(['link', 'link', 'remove', 'remove', 'dress', 'replace'] as const),
  ),
  /** Which of the directories there are, and which of the files, where one is needed. */
  where: fc.nat(1000),
  which: fc.nat(1000),
  name,
  look,
  content: fc.tuple(fc.constantFrom('x', '\0', '\xff\n'), fc.constantFrom(0, 1, 511, 512, 513, 70_000)),
  target: fc.constantFrom(
    'a',
    '../b',
    '/dir/a',
    '/../../etc/passwd',
    '.',
    '\xff',
    long('t', 101),
    long('t/', 1000),
  ),
  device: fc.tuple(fc.boolean(), fc.constantFrom(1, 8, 259, 4095), fc.constantFrom(0, 3, 300, 1_048_575)),
  capability: fc.option(capability, { freq: 4 }),
  acl: fc.constantFrom<ReadonlyArray<string>>([], [], [], ['access'], ['default'], ['access', 'default']),
})
type Act = typeof act extends fc.Arbitrary<infer A> ? A : never

/** How a builder writes down what changed: all of these are right. */
const writing = fc.record({
  gnu: fc.boolean(),
  gzip: fc.boolean(),
  /** Unchanged directories are told of when something in them changed. */
  tellsParents: fc.boolean(),
  /** A directory that was made anew is hidden below as a whole, not name by name. */
  opaque: fc.boolean(),
  /** Where in a directory the marks are: buildkit has them first, docker where their names sort. */
  marksFirst: fc.boolean(),
  root: fc.boolean(),
  dots: fc.constantFrom('', './', '/'),
})
type Writing = typeof writing extends fc.Arbitrary<infer A> ? A : never

export const chain: fc.Arbitrary<Chain> = fc
  .array(fc.tuple(fc.array(act, { minLength: 1, maxLength: 14 }), writing), { minLength: 1, maxLength: 5 })
  .map(steps => {
    let tree: Folder = { type: 'folder', id: {}, look: plain, children: new Map() }
    return {
      layers: steps.map(([acts, how]) => {
        const before = tree
        tree = acts.reduce(changed, before)
        const members = written(before, tree, how)
        return { tar: Buffer.concat([...members, endMark]), gzip: how.gzip }
      }),
    }
  })

const plain: Look = { mode: 0o755, uid: 0, gid: 0, modified: 0n, attributes: {} }

const isFolder = (tree: Tree | undefined): tree is Folder => tree?.type === 'folder'

type Path = ReadonlyArray<string>

/** Every directory, the root first; every file that may have several names. */
const placesIn = (tree: Folder, at: Path = []): { folders: Array<Path>; files: Array<Path> } => {
  const folders = [at]
  const files: Array<Path> = []
  for (const [name, child] of tree.children)
    if (isFolder(child)) {
      const inside = placesIn(child, [...at, name])
      folders.push(...inside.folders)
      files.push(...inside.files)
    } else files.push([...at, name])
  return { folders, files }
}

const at = (tree: Tree, path: Path): Tree | undefined =>
  path.reduce<Tree | undefined>((tree, name) => (isFolder(tree) ? tree.children.get(name) : undefined), tree)

/** The tree with something else at a path; null takes away what is there. */
const put = (tree: Folder, [name = '', ...rest]: Path, thing: Tree | null): Folder => {
  const children = new Map(tree.children)
  if (rest.length > 0) children.set(name, put(children.get(name) as Folder, rest, thing))
  else if (thing === null) children.delete(name)
  else children.set(name, thing)
  return { ...tree, children }
}

const changed = (tree: Folder, act: Act): Folder => {
  const { folders, files } = placesIn(tree)
  const where = folders[act.where % folders.length] as Path
  const place = [...where, act.name]
  const some = files.length === 0 ? null : (files[act.which % files.length] as Path)
  const { look } = act
  const inode = (type: Inode['type'], of: Partial<Inode>): Inode => ({
    type,
    // user.* is for files and directories (xattr(7)).
    look: { ...look, attributes: type === 'file' ? look.attributes : trustedOf(look.attributes) },
    content: '',
    target: '',
    major: 0,
    minor: 0,
    ...of,
  })
  switch (act.what) {
    case 'file':
      return put(
        tree,
        place,
        inode('file', { content: act.content[0].repeat(act.content[1]), look: fileLook(act) }),
      )
    case 'symlink':
      return put(tree, place, inode('symlink', { target: act.target }))
    case 'device': {
      const [block, major, minor] = act.device
      return put(tree, place, inode(block ? 'block-device' : 'character-device', { major, minor }))
    }
    case 'fifo':
      return put(tree, place, inode('fifo', {}))
    case 'folder':
      // Depth has its own tests; here it would only be slow.
      if (where.length > 6) return tree
      return isFolder(at(tree, place)) ? tree : put(tree, place, folder(act))
    case 'replace':
      // An empty one instead of one with something in it.
      return where.length === 0 ? tree : put(tree, where, folder(act))
    case 'link': {
      if (some === null || isFolder(at(tree, place)) || `${some}` === `${place}`) return tree
      // What has one more name has changed: all its names are told of again.
      const fresh = { ...(at(tree, some) as Inode) }
      return put(put(tree, some, fresh), place, fresh)
    }
    case 'remove':
      return act.which % 2 === 0 && where.length > 0
        ? put(tree, where, null)
        : some === null
          ? tree
          : put(tree, some, null)
    case 'dress': {
      const old = at(tree, where) as Folder
      return where.length === 0 ? tree : put(tree, where, { ...old, look: folder(act).look })
    }
  }
}

const trustedOf = (attributes: Look['attributes']) =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => name.startsWith('trusted.')))

const fileLook = ({ look, capability, acl: kinds }: Act): Look => ({
  ...look,
  // An ACL is the group's permissions, too: one that says the same is what a file system has.
  mode: kinds.includes('access') ? (look.mode & 0o7000) | 0o755 : look.mode,
  attributes: {
    ...look.attributes,
    ...(capability === null ? {} : { 'security.capability': capability }),
    ...(kinds.includes('access') ? { 'system.posix_acl_access': acl } : {}),
  },
})

const folder = ({ look, acl: kinds }: Act): Folder => ({
  type: 'folder',
  id: {},
  look: {
    ...look,
    mode: kinds.includes('access') ? (look.mode & 0o7000) | 0o755 : look.mode,
    attributes: {
      ...look.attributes,
      ...Object.fromEntries(kinds.map(kind => [`system.posix_acl_${kind}`, acl])),
    },
  },
  children: new Map(),
})

/** The members of a layer that makes `after` of `before`. */
const written = (before: Folder, after: Folder, how: Writing): ReadonlyArray<Buffer> => {
  const members: Array<Buffer> = []
  const firstNames = new Map<Inode, string>()
  const encode = (one: Telling) => void members.push(encoded(one, how))

  const tell = (path: string, tree: Tree) => {
    const { mode, uid, gid, modified, attributes } = tree.look
    const base = { name: how.dots + path, mode, uid, gid, modified, attributes }
    if (isFolder(tree)) return encode({ ...base, name: `${base.name}/`, type: '5' })
    const first = firstNames.get(tree)
    if (first !== undefined) return encode({ ...base, type: '1', target: how.dots + first })
    firstNames.set(tree, path)
    encode({
      ...base,
      type: TYPES[tree.type],
      data: Buffer.from(tree.content, 'latin1'),
      target: tree.target,
      major: tree.major,
      minor: tree.minor,
    })
  }
  const mark = (directory: string, name: string) => {
    const path = directory === '' ? name : `${directory}/${name}`
    encode({ name: how.dots + path, mode: 0o600, uid: 0, gid: 0, modified: 0n })
  }

  /** Whether anything in or of a directory is not as it was. */
  const differs = (old: Tree | undefined, tree: Tree): boolean => {
    if (!isFolder(tree) || !isFolder(old)) return old !== tree
    if (old === tree) return false
    if (old.look !== tree.look || old.id !== tree.id) return true
    return (
      [...old.children.keys()].some(name => !tree.children.has(name)) ||
      [...tree.children].some(([name, child]) => differs(old.children.get(name), child))
    )
  }

  const visit = (old: Folder | null, tree: Folder, path: string) => {
    const isNew = old === null || old.id !== tree.id
    const hides = isNew && old !== null && how.opaque
    const gone = hides ? [] : [...(old?.children.keys() ?? [])].filter(name => !tree.children.has(name))
    const marks = () => {
      if (hides) mark(path, '.wh..wh..opq')
      for (const name of gone) mark(path, `.wh.${name}`)
    }
    if (how.marksFirst) marks()
    for (const [name, child] of tree.children) {
      const was = hides ? undefined : old?.children.get(name)
      if (!differs(was, child)) continue
      const place = path === '' ? name : `${path}/${name}`
      const stays = isFolder(was) && isFolder(child)
      if (!stays || was.look !== child.look || was.id !== child.id || how.tellsParents) tell(place, child)
      if (isFolder(child)) visit(stays ? was : null, child, place)
    }
    if (!how.marksFirst) marks()
  }

  if (how.root) encode({ name: './', type: '5', mode: 0o755, uid: 0, gid: 0, modified: 0n })
  visit(before, after, '')
  return members
}

const TYPES = { file: '0', symlink: '2', 'character-device': '3', 'block-device': '4', fifo: '6' } as const

/** base-256, as GNU has it: two's complement, the first bit set. */
const binary = (value: bigint, length: number) => {
  const bytes = Buffer.alloc(length)
  let rest = BigInt.asUintN(length * 8 - 1, value)
  for (let i = length - 1; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 255n)
  bytes[0] = (bytes[0] ?? 0) | 0x80 | (value < 0n ? 0x40 : 0)
  return bytes
}

const BILLION = 1_000_000_000n

type Telling = Readonly<
  Omit<Member, 'uid' | 'gid' | 'mtime'> & {
    uid?: number
    gid?: number
    modified: bigint
    attributes?: Look['attributes']
  }
>

/** A member in one of the ways there are: what does not fit into a header is in PAX records, or in GNU's own ways. */
const encoded = ({ modified, attributes, uid = 0, gid = 0, ...one }: Telling, { gnu }: Writing): Buffer => {
  const { name, target = '' } = one
  const pax: Record<string, string | Buffer> = {}
  const before: Array<Buffer> = []
  const fits = { name: name.slice(0, 100), target: target.slice(0, 100), mtime: 0 as number | Buffer }

  const isPlain = (text: string) => text.length <= 100 && !/[\x80-\xff]/.test(text)
  for (const [text, type, key] of [
    [target, 'K', 'linkpath'],
    [name, 'L', 'path'],
  ] as const) {
    if (isPlain(text) || (gnu && text.length <= 100)) continue
    if (gnu) before.push(member({ name: '././@LongLink', type, data: `${text}\0` }))
    else pax[key] = text
  }
  const ids: { uid?: number | Buffer; gid?: number | Buffer } = {}
  for (const [key, id] of Object.entries({ uid, gid }) as ReadonlyArray<['uid' | 'gid', number]>) {
    ids[key] = id < 0o10000000 ? id : gnu ? binary(BigInt(id), 8) : 0
    if (ids[key] === 0 && id !== 0) pax[key] = `${id}`
  }
  const nanoseconds = ((modified % BILLION) + BILLION) % BILLION
  const seconds = (modified - nanoseconds) / BILLION
  const isOctal = seconds >= 0n && seconds < 0o77777777777n
  // -1 in binary is the one time that is read as another: see `modifiedOf`.
  if (nanoseconds !== 0n || (!isOctal && !gnu) || seconds === -1n) pax['mtime'] = decimal(modified)
  else fits.mtime = isOctal ? Number(seconds) : binary(seconds, 12)
  for (const [key, bytes] of Object.entries(attributes ?? {})) pax[`SCHILY.xattr.${key}`] = bytes

  return Buffer.concat([
    ...before,
    member({ ...one, ...fits, ...ids, gnu, ...(Object.keys(pax).length === 0 ? {} : { pax }) }),
  ])
}

const decimal = (nanoseconds: bigint) => {
  const [sign, absolute] = nanoseconds < 0n ? ['-', -nanoseconds] : ['', nanoseconds]
  const fraction = `${absolute % BILLION}`.padStart(9, '0').replace(/0+$/, '')
  return `${sign}${absolute / BILLION}${fraction === '' ? '' : `.${fraction}`}`
}
