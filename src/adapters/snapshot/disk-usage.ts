import { lstatSync, readdirSync } from 'node:fs'

export type Usage = Readonly<{ size: number; inodes: number }>

/** Bytes and inodes a tree takes on its disk; a file with several names counts once (du's rules). */
export const usageOf = (path: string): Usage => {
  const seen = new Set<bigint>()
  const ahead: Array<Buffer> = [Buffer.from(path)]
  let size = 0
  let inodes = 0
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const stats = lstatSync(next, { bigint: true, throwIfNoEntry: false })
    if (stats === undefined) continue
    if (stats.nlink > 1n && !stats.isDirectory()) {
      if (seen.has(stats.ino)) continue
      seen.add(stats.ino)
    }
    size += Number(stats.blocks) * 512
    inodes += 1
    if (stats.isDirectory())
      for (const name of readdirSync(next, 'buffer')) ahead.push(Buffer.concat([next, slash, name]))
  }
  return { size, inodes }
}

const slash = Buffer.from('/')
