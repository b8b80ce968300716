/** One member of an archive, byte by byte: what `pack` refuses to write can be written here. Names are latin1. */
export type Member = Readonly<{
  name: string
  /** As in the header: '0' a file, '5' a directory, 'x' a PAX header … A file unless said otherwise. */
  type?: string
  target?: string
  mode?: number
  /** A number too large for octal digits is given as the bytes that are to be there. */
  uid?: number | Buffer
  gid?: number | Buffer
  mtime?: number | Buffer
  major?: number
  minor?: number
  data?: Buffer | string
  /** What the header says of the size, where it is not the data's length. */
  size?: number | Buffer
  /** Says that it is GNU's format, not POSIX's. */
  gnu?: boolean
  /** PAX records, written in a header of their own before this one. */
  pax?: Readonly<Record<string, string | Buffer>>
}>

const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`

const padded = (data: Buffer) => Buffer.concat([data, Buffer.alloc((512 - (data.length % 512)) % 512)])

const header = (
  { name, type = '0', target = '', mode = 0o644, uid = 0, gid = 0, ...rest }: Member,
  length: number,
) => {
  const block = Buffer.alloc(512)
  block.write(name, 0, 100, 'latin1')
  block.write(octal(mode, 8), 100)
  for (const [value, offset, size] of [
    [uid, 108, 8],
    [gid, 116, 8],
    [rest.size ?? length, 124, 12],
    [rest.mtime ?? 0, 136, 12],
  ] as const)
    if (typeof value === 'number') block.write(octal(value, size), offset)
    else value.copy(block, offset)
  block.write(type, 156)
  block.write(target, 157, 100, 'latin1')
  block.write(rest.gnu === true ? 'ustar  \0' : 'ustar\x0000', 257)
  block.write(octal(rest.major ?? 0, 8), 329)
  block.write(octal(rest.minor ?? 0, 8), 337)
  block.fill(' ', 148, 156)
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  )
  return block
}

const record = (key: string, value: string | Buffer) => {
  const rest = Buffer.concat([
    Buffer.from(` ${key}=`),
    Buffer.from(value as string, 'latin1'),
    Buffer.from('\n'),
  ])
  let length = rest.length + 1
  while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length
  return Buffer.concat([Buffer.from(`${length}`), rest])
}

export const member = (one: Member): Buffer => {
  const data = typeof one.data === 'string' ? Buffer.from(one.data, 'latin1') : (one.data ?? Buffer.alloc(0))
  const body = Buffer.concat([header(one, data.length), padded(data)])
  if (one.pax === undefined) return body
  const records = Buffer.concat(Object.entries(one.pax).map(([key, value]) => record(key, value)))
  return Buffer.concat([member({ name: 'PaxHeaders/0', type: 'x', data: records }), body])
}

export const endMark = Buffer.alloc(1024)

export const archive = (...members: ReadonlyArray<Member>): Buffer =>
  Buffer.concat([...members.map(member), endMark])
