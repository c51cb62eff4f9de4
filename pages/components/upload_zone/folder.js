// A folder becomes a zip without being held in memory: the files stay on disk, and only the few
// bytes around them are made here. Nothing is packed tighter, since pictures are already. The same
// folder makes the same zip, so that an upload can go on after a reload.

// A name between quotation marks, whichever way it is written: it turns nothing beside it.
const quoted = (name) => `“\u2068${name}\u2069”`;

const PIECE = 4 << 20; // bytes that are looked at at once
const NO_MORE_32 = 0xffffffff;
const NO_MORE_16 = 0xffff;

// CRC-32 of four bytes at a time: table n is what a byte does that n more bytes follow.
const CRC = Array.from({ length: 4 }, () => new Int32Array(256));
for (let n = 0; n < 256; n++) {
  let crc = n;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  CRC[0][n] = crc;
}
for (let n = 0; n < 256; n++) {
  for (let k = 1; k < 4; k++) CRC[k][n] = CRC[0][CRC[k - 1][n] & 255] ^ (CRC[k - 1][n] >>> 8);
}

function continued(crc, bytes) {
  const [one, two, three, four] = CRC;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    crc = four[crc & 255] ^ three[(crc >>> 8) & 255] ^ two[(crc >>> 16) & 255] ^ one[crc >>> 24];
  }
  for (; at < bytes.length; at++) crc = one[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
  return crc;
}

async function checksum(file, onRead) {
  let crc = -1;
  for (let at = 0; at < file.size; at += PIECE) {
    const bytes = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
    crc = continued(crc, bytes);
    onRead(bytes.length);
  }
  return ~crc >>> 0;
}

// Little-endian numbers, each with its size in bytes: what all records of a zip are made of.
function numbers(...pairs) {
  const view = new DataView(new ArrayBuffer(pairs.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of pairs) {
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return view;
}

// files: [{path, file}]; onRead is told bytes as they are looked at, and may throw to end it.
async function folderAsZip(files, onRead) {
  const parts = [];
  const directory = [];
  let at = 0;
  const add = (part, size) => {
    parts.push(part);
    at += size;
  };
  for (const { path, file } of files) {
    if (file.size >= NO_MORE_32) {
      throw new Refusal(say("{file} is too large to be a picture. Remove it first.", { file: quoted(path) }));
    }
    const name = new TextEncoder().encode(path);
    const crc = await checksum(file, onRead);
    const common = [
      [2, 45], // the version that knows 64 bits
      [2, 0x0800], // names are UTF-8
      [2, 0], // stored
      [4, 0x00210000], // 1 January 1980
      [4, crc],
      [4, file.size],
      [4, file.size],
      [2, name.length],
    ];
    const far = at >= NO_MORE_32;
    const place = far ? numbers([2, 1], [2, 8], [8, at]) : numbers();
    directory.push(
      numbers(
        [4, 0x02014b50],
        [2, 45],
        ...common,
        [2, place.byteLength],
        [2, 0],
        [2, 0],
        [2, 0],
        [4, 0],
        [4, far ? NO_MORE_32 : at],
      ),
      name,
      place,
    );
    const header = numbers([4, 0x04034b50], ...common, [2, 0]);
    add(header, header.byteLength);
    add(name, name.length);
    add(file, file.size);
  }
  const start = at;
  for (const part of directory) add(part, part.byteLength);
  const size = at - start;
  const count = files.length;
  if (start >= NO_MORE_32 || count >= NO_MORE_16) {
    const end = [[8, count], [8, count], [8, size], [8, start]];
    parts.push(numbers([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], ...end));
    parts.push(numbers([4, 0x07064b50], [4, 0], [8, at], [4, 1]));
  }
  const told = Math.min(count, NO_MORE_16);
  parts.push(
    numbers(
      [4, 0x06054b50],
      [2, 0],
      [2, 0],
      [2, told],
      [2, told],
      [4, Math.min(size, NO_MORE_32)],
      [4, Math.min(start, NO_MORE_32)],
      [2, 0],
    ),
  );
  return new Blob(parts);
}

// Everything below what was dropped, as [{path, file}].
async function filesBelow(entry, above = "") {
  const path = above + entry.name;
  if (entry.isFile) return [{ path, file: await new Promise((ok, no) => entry.file(ok, no)) }];
  const found = [];
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((ok, no) => reader.readEntries(ok, no)); // at most 100 a time
    if (!some.length) return found;
    for (const each of some) found.push(...(await filesBelow(each, `${path}/`)));
  }
}
