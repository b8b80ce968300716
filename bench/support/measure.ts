/** One thing to be timed: it is run, and how long that took is what it says, or what the clock says. In milliseconds. */
export type Case = Readonly<{ name: string; run: () => Promise<number | void> }>

export type Timing = Readonly<{ name: string; median: number; p10: number; p90: number; rounds: number }>

const at = (sorted: ReadonlyArray<number>, share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

/** Runs all cases in turn, round after round, so that whatever slows the machine down slows all of them down. */
export const interleaved = async (
  cases: ReadonlyArray<Case>,
  { rounds, warmUp = 1 }: Readonly<{ rounds: number; warmUp?: number }>,
): Promise<ReadonlyArray<Timing>> => {
  const times = new Map<string, Array<number>>(cases.map(({ name }) => [name, []]))
  for (let round = -warmUp; round < rounds; round++)
    for (const { name, run } of cases) {
      const before = performance.now()
      const said = await run()
      const took = said ?? performance.now() - before
      if (round >= 0) times.get(name)?.push(took)
    }
  return [...times].map(([name, taken]) => {
    const sorted = taken.toSorted((a, b) => a - b)
    return { name, median: at(sorted, 0.5), p10: at(sorted, 0.1), p90: at(sorted, 0.9), rounds }
  })
}

const shown = (ms: number) => (ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(1)} ms`)

/** A table in Markdown: each timing, and its ratio to the one that it is compared with. */
export const table = (title: string, timings: ReadonlyArray<Timing>, yardstick: string): string => {
  const base = timings.find(({ name }) => name === yardstick)?.median
  const rows = timings.map(({ name, median, p10, p90, rounds }) => {
    const ratio = base === undefined ? '' : (median / base).toFixed(2)
    return `| ${name} | ${shown(median)} | ${shown(p10)} – ${shown(p90)} | ${ratio} | ${rounds} |`
  })
  return [
    `### ${title}`,
    '',
    `| | median | p10 – p90 | vs ${yardstick} | rounds |`,
    '|---|---:|---:|---:|---:|',
    ...rows,
    '',
  ].join('\n')
}
