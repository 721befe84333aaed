import type { FileHandle } from 'node:fs/promises'

/** What a zip says of itself in its directory, before anything of it is unpacked. */
export type ZipSize = { entries: number; unpackedBytes: number }

const END = 0x06054b50
const ENTRY = 0x02014b50
const END_BYTES = 22
const COMMENT_BYTES_MAX = 65_535
const DIRECTORY_BYTES_MAX = 4 * 1024 * 1024
/** Sizes beyond four gigabytes stand elsewhere: no workbook of ours has them. */
const ELSEWHERE = 0xffffffff

/** Undefined where it is no zip, or one with a directory that cannot be trusted. */
export async function readZipSize(file: FileHandle, bytes: number): Promise<ZipSize | undefined> {
  const tail = await readAt(
    file,
    Math.max(0, bytes - END_BYTES - COMMENT_BYTES_MAX),
    Math.min(bytes, END_BYTES + COMMENT_BYTES_MAX),
  )
  const at = lastIndexOfEnd(tail)
  if (at < 0) return undefined
  const [entries, size, offset] = [tail.readUInt16LE(at + 10), tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)]
  if (size > DIRECTORY_BYTES_MAX || offset + size > bytes) return undefined
  const directory = await readAt(file, offset, size)
  let [unpackedBytes, place] = [0, 0]
  for (let i = 0; i < entries; i++) {
    if (place + 46 > directory.length || directory.readUInt32LE(place) !== ENTRY) return undefined
    const unpacked = directory.readUInt32LE(place + 24)
    if (unpacked === ELSEWHERE) return undefined
    unpackedBytes += unpacked
    place += 46 + directory.readUInt16LE(place + 28) + directory.readUInt16LE(place + 30) + directory.readUInt16LE(place + 32)
  }
  return { entries, unpackedBytes }
}

function lastIndexOfEnd(tail: Buffer): number {
  for (let at = tail.length - END_BYTES; at >= 0; at--) if (tail.readUInt32LE(at) === END) return at
  return -1
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}
