import { dirname } from 'node:path'
import { roomAt } from '../host/room.ts'
import { mayPass } from './sqlite.ts'
import type { Sqlite } from './sqlite.ts'

const MIB = 2 ** 20

/** Pages of the write-ahead log after which it is brought into the database: well before it has outgrown the reserve. */
const CHECKPOINT_AT = 1_000

/** What a database keeps for itself: some 8,000 events, or the ends of a thousand containers. */
const RESERVE = 8 * MIB

/** With more than this on the disk, nothing need be kept. */
const PLENTY = 1024 * MIB

/** A disk may fill within a second; a reserve that is looked after once a second is made long before the last MiB. */
const LOOK_EVERY_MS = 500

/**
 * Keeps pages in a database that are its own already, and free: what is written to them needs no room on the disk, so that
 * what ends can be recorded on a disk that others have filled. Its write-ahead log has grown by as much before and is written
 * over from its beginning. Only where room is short: with plenty of it, every write would be made twice.
 */
export const keepReserve = (db: Sqlite): Disposable => {
  if (db.path === ':memory:') return { [Symbol.dispose]: () => {} }
  const look = () => {
    try {
      const { bytes: free } = roomAt(dirname(db.path))
      if (free < PLENTY && free > 3 * RESERVE && reserved(db) < RESERVE / 2) refill(db)
    } catch (error) {
      // It has become full meanwhile, or is gone: whoever writes will hear of that.
      if (!mayPass(error) && (error as NodeJS.ErrnoException).code === undefined) throw error
    }
  }
  look()
  const timer = setInterval(look, LOOK_EVERY_MS).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

const reserved = (db: Sqlite): number => {
  const { freelist_count: pages } = db.get('PRAGMA freelist_count') as { freelist_count: number }
  const { page_size: size } = db.get('PRAGMA page_size') as { page_size: number }
  return pages * size
}

/** Pages that were never written would be holes in the file: they are written, brought into the file, and then freed. */
const refill = (db: Sqlite): void => {
  db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_AT}`)
  db.transaction(() => {
    db.exec('CREATE TABLE IF NOT EXISTS reserve (bytes BLOB NOT NULL)')
    db.run('INSERT INTO reserve (bytes) VALUES (zeroblob(?))', RESERVE)
  })
  db.exec('PRAGMA wal_checkpoint(PASSIVE)')
  db.transaction(() => db.exec('DROP TABLE reserve'))
  // Its pages fill the cache, and nobody will read them.
  db.exec('PRAGMA shrink_memory')
}
