import * as t from 'io-ts'

const nullable = <C extends t.Mixed>(codec: C) => t.union([codec, t.null])

/** A directory or file of the host, seen by the container at `target`. Both are absolute. */
export const Bind = t.strict({ source: t.string, target: t.string, readonly: t.boolean }, 'Bind')
export type Bind = t.TypeOf<typeof Bind>

/** `options` as mount(8) takes them (`size=64m`). */
export const Tmpfs = t.strict({ target: t.string, options: t.readonlyArray(t.string) }, 'Tmpfs')
export type Tmpfs = t.TypeOf<typeof Tmpfs>

/** `name` in lower case and without `RLIMIT_` (`nofile`); -1 is unlimited. */
export const Ulimit = t.strict({ name: t.string, soft: t.number, hard: t.number }, 'Ulimit')
export type Ulimit = t.TypeOf<typeof Ulimit>

export const ConsoleSize = t.strict({ rows: t.number, columns: t.number }, 'ConsoleSize')
export type ConsoleSize = t.TypeOf<typeof ConsoleSize>

/**
 * All that one can ask of a container and that ends in its `config.json`. What the image says by itself is not in
 * here (`ImageDefaults`), except for `args`, which are the final ones.
 */
export const ContainerOptions = t.strict(
  {
    /** Entrypoint and command, resolved. */
    args: t.readonlyArray(t.string),
    /** Names only (unless `record-env` says otherwise): the values are kept beside the bundle. */
    environment: t.readonlyArray(t.string),
    workingDir: nullable(t.string),
    /** `user[:group]`, by name or number. */
    user: nullable(t.string),
    hostname: nullable(t.string),
    terminal: t.boolean,
    /** Standard input stays open for somebody to write to. */
    stdin: t.boolean,
    consoleSize: nullable(ConsoleSize),
    readonlyRootfs: t.boolean,
    binds: t.readonlyArray(Bind),
    tmpfs: t.readonlyArray(Tmpfs),
    labels: t.record(t.string, t.string),
    /** In bytes. */
    memory: nullable(t.number),
    /** In CPUs, with fractions. */
    cpus: nullable(t.number),
    pidsLimit: nullable(t.number),
    ulimits: t.readonlyArray(Ulimit),
    /** `CAP_…` names, or `ALL`. */
    capAdd: t.readonlyArray(t.string),
    capDrop: t.readonlyArray(t.string),
    noNewPrivileges: t.boolean,
    /** The default profile, none, or a profile in docker's format. */
    seccomp: t.union([
      t.strict({ kind: t.keyof({ default: null, unconfined: null }) }),
      t.strict({ kind: t.literal('profile'), profile: t.UnknownRecord }),
    ]),
    /** A small init reaps zombies and forwards signals. */
    init: t.boolean,
    /** `none`: a network namespace with loopback only; `host`: the host's. */
    network: t.keyof({ none: null, host: null }),
    /** The number of the signal that asks it to stop. */
    stopSignal: nullable(t.number),
  },
  'ContainerOptions',
)
export type ContainerOptions = t.TypeOf<typeof ContainerOptions>
