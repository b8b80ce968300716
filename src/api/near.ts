/** What somebody may have meant: the words that are a slip or two away, the nearest first. */
export const nearest = (word: string, words: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (word.length > LONGEST) return []
  const least = (other: string) => distance(word.toLowerCase(), other.toLowerCase())
  return words
    .map(other => ({ other, slips: least(other) }))
    .filter(({ other, slips }) => slips <= Math.min(word.length, other.length) / 4)
    .toSorted((a, b) => a.slips - b.slips)
    .slice(0, 3)
    .map(({ other }) => other)
}

const LONGEST = 64

/** How many letters are to be put in, left out or changed (Levenshtein). */
const distance = (a: string, b: string): number => {
  let before = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++)
      row.push(
        Math.min(
          (row[j - 1] as number) + 1,
          (before[j] as number) + 1,
          (before[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      )
    before = row
  }
  return before[b.length] as number
}
