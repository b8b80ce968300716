import * as E from 'fp-ts/lib/Either.js'
import type { ContainerId } from '../../src/domain/kernel/identifiers.ts'
import { daemonOn } from './containers.ts'
import type { World } from './containers.ts'

/** What to do before somebody kills us: `WORLD [[CONTAINER, SCRIPT] …]`. Says `CONTAINER PID` for each that runs. */
const [worldJson, launchesJson] = process.argv.slice(2)
const { launch } = daemonOn(JSON.parse(worldJson ?? '') as World)
const launches = JSON.parse(launchesJson ?? '') as ReadonlyArray<[ContainerId, string]>

// Waiting for containers does not keep a daemon alive.
setInterval(() => {}, 1000)

for (const [container, script] of launches)
  void launch(container, { args: ['/bin/sh', '-c', script] }).then(launched =>
    console.log(`${container} ${E.isRight(launched) ? launched.right.pid : JSON.stringify(launched.left)}`),
  )
