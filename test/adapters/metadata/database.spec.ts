import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import type { Story } from '../../../src/adapters/events/process-runner.ts'
import { openDatabase } from '../../../src/adapters/metadata/database.ts'
import type { Projection } from '../../../src/projections/projection.ts'

const directory = () => {
  const path = mkdtempSync(join(tmpdir(), 'shiplog-db-'))
  return { file: join(path, 'read-models.db'), [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

const log = { id: 'log-a', head: () => 100 }

const notes: Projection = {
  name: 'notes',
  version: 1,
  categories: null,
  tables: { notes: null },
  schema: 'CREATE TABLE notes (n INTEGER) STRICT',
  when: {},
}

const story = (state: string): Story<string> => ({
  state,
  correlationId: 'c',
  causationId: 'e',
  actor: { kind: 'system', policy: 'p' },
})

describe('the database of read models', () => {
  it('remembers rows and how far each projection has read', () => {
    using where = directory()
    {
      using db = openDatabase(where.file, log)
      assert.equal(db.prepare(notes), 0)
      db.transaction(() => {
        db.run('INSERT INTO notes VALUES (?)', 7)
        db.advance('notes', 42)
      })
    }
    using db = openDatabase(where.file, log)
    assert.equal(db.prepare(notes), 42)
    assert.equal(db.get('SELECT n FROM notes')?.['n'], 7)
    assert.equal(db.begunAgain, null)
  })

  it('makes a projection anew when its version changed, without what the old version left', () => {
    using where = directory()
    using db = openDatabase(where.file, log)
    db.prepare(notes)
    db.advance('notes', 42)
    const renamed = {
      ...notes,
      version: 2,
      tables: { words: null },
      schema: 'CREATE TABLE words (w TEXT) STRICT',
    }
    assert.equal(db.prepare(renamed), 0)
    assert.deepEqual(
      db.all(`SELECT name FROM sqlite_schema WHERE name IN ('notes', 'words')`).map(({ name }) => name),
      ['words'],
    )
  })

  it('is begun again when it is damaged', () => {
    using where = directory()
    {
      using db = openDatabase(where.file, log)
      db.prepare(notes)
      for (let n = 0; n < 2_000; n++) db.run('INSERT INTO notes VALUES (?)', n)
    }
    const bytes = readFileSync(where.file)
    // All but the header: 100 bytes of it are what makes it a database, and ours.
    writeFileSync(where.file, bytes.fill(0x55, 100))
    using db = openDatabase(where.file, log)
    assert.match(db.begunAgain ?? '', /^it is damaged: /)
    assert.equal(db.prepare(notes), 0)
  })

  it('keeps nothing of a transaction that throws, and can let a part fail alone', () => {
    using db = openDatabase(':memory:', log)
    db.prepare(notes)
    const count = () => db.get('SELECT count(*) n FROM notes')?.['n']
    const fail = () => {
      db.run('INSERT INTO notes VALUES (1)')
      throw new Error('no')
    }
    assert.throws(() => db.transaction(fail), /no/)
    assert.equal(count(), 0)
    db.transaction(() => {
      db.run('INSERT INTO notes VALUES (2)')
      assert.throws(() => db.transaction(fail), /no/)
    })
    assert.equal(count(), 1)
  })

  it('remembers what reactors still owe, and the stories of processes', () => {
    using where = directory()
    const pending = [{ stream: 'container-n1/a', eventId: 'e-1' }] as const
    {
      using db = openDatabase(where.file, log)
      assert.deepEqual(db.checkpoints.read('snapshot'), { position: 0, pending: [] })
      db.checkpoints.write('snapshot', { position: 5, pending })
      db.checkpoints.write('snapshot', { position: 9, pending })
      db.stories.save(
        'pull',
        3,
        new Map([
          ['a', story('one')],
          ['b', story('two')],
        ]),
      )
      db.stories.save(
        'pull',
        8,
        new Map([
          ['a', story('three')],
          ['b', null],
        ]),
      )
    }
    using db = openDatabase(where.file, log)
    assert.deepEqual(db.checkpoints.read('snapshot'), { position: 9, pending })
    assert.deepEqual(db.stories.load('pull'), { position: 8, stories: new Map([['a', story('three')]]) })
    assert.deepEqual(db.stories.load('other'), { position: 0, stories: new Map() })
  })

  it('begins again when it was made from another log', () => {
    using where = directory()
    {
      using db = openDatabase(where.file, log)
      db.prepare(notes)
      db.advance('notes', 42)
    }
    using db = openDatabase(where.file, { ...log, id: 'log-b' })
    assert.match(db.begunAgain ?? '', /another log \(log-a, this one is log-b\)/)
    assert.equal(db.prepare(notes), 0)
  })

  for (const [who, advance] of [
    ['a projection', (db: ReturnType<typeof openDatabase>) => (db.prepare(notes), db.advance('notes', 42))],
    [
      'a reactor',
      (db: ReturnType<typeof openDatabase>) => db.checkpoints.write('r', { position: 42, pending: [] }),
    ],
    ['a process', (db: ReturnType<typeof openDatabase>) => db.stories.save('p', 42, new Map())],
  ] as const)
    it(`begins again when ${who} has seen more than the log has`, () => {
      using where = directory()
      {
        using db = openDatabase(where.file, log)
        advance(db)
      }
      {
        using db = openDatabase(where.file, { ...log, head: () => 42 })
        assert.equal(db.begunAgain, null)
      }
      using db = openDatabase(where.file, { ...log, head: () => 41 })
      assert.match(db.begunAgain ?? '', /up to 42, and the log ends at 41/)
      assert.equal(db.prepare(notes), 0)
    })

  it('refuses a file that is something else, and leaves it as it is', () => {
    using where = directory()
    writeFileSync(where.file, 'a letter to my aunt'.repeat(1000))
    assert.throws(() => openDatabase(where.file, log), new RegExp(`${where.file}: file is not a database`))
    rmSync(where.file)
    new DatabaseSync(where.file).exec('CREATE TABLE recipes (name TEXT)')
    assert.throws(() => openDatabase(where.file, log), /not a database of read models of shiplog/)
  })
})
