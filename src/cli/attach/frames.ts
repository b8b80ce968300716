/** One piece of output: 1 is stdout, 2 is stderr (docker's stream format, API docs "Attach to a container"). */
export type Frame = Readonly<{ stream: 1 | 2; data: Buffer }>

const headerLength = 8

/**
 * Takes multiplexed output apart: a header of 8 bytes (stream, 0, 0, 0, length big endian), then so many bytes. What
 * has come of a frame is handed on at once; nothing waits for its end.
 */
export const demultiplexer = () => {
  let header: Buffer = Buffer.alloc(0)
  let stream: 1 | 2 = 1
  let left = 0

  return (chunk: Buffer): ReadonlyArray<Frame> => {
    const frames: Array<Frame> = []
    let rest = chunk
    while (rest.length > 0) {
      if (left === 0) {
        const missing = headerLength - header.length
        header = Buffer.concat([header, rest.subarray(0, missing)])
        rest = rest.subarray(missing)
        if (header.length < headerLength) break
        stream = header[0] === 2 ? 2 : 1
        left = header.readUInt32BE(4)
        header = Buffer.alloc(0)
        continue
      }
      const data = rest.subarray(0, left)
      frames.push({ stream, data })
      left -= data.length
      rest = rest.subarray(data.length)
    }
    return frames
  }
}
