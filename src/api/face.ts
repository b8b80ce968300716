import type { FastifyPluginAsync } from 'fastify'
import type { Engine } from './engine.ts'
import type { Operate } from './operation.ts'

/** What every route is handed. */
export type Face = Readonly<{ engine: Engine; operate: Operate }>

export type Routes = FastifyPluginAsync<Face>
