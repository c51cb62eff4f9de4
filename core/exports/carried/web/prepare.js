// Turns a picture into the square of pixels that the network sees, as picture.py does: upright, in
// sRGB and on paper (the browser's canvas does these), then smaller with antialiasing as in Pillow.

const AVERAGE = [124, 116, 104];
const LARGEST = 4096 * 4096; // pixels of a canvas on an iPhone; a larger one stays empty there
const PAPER = {white: [255, 255, 255], black: [0, 0, 0], average: AVERAGE};

/** Pixels of a picture, red, green and blue, on paper: {data, width, height}. */
export function pixelsOf(bitmap, paper) {
  const canvas = document.createElement("canvas");
  const width = bitmap.width || bitmap.videoWidth, height = bitmap.height || bitmap.videoHeight;
  const scale = Math.min(1, Math.sqrt(LARGEST / (width * height)));
  canvas.width = Math.max(1, Math.floor(width * scale));
  canvas.height = Math.max(1, Math.floor(height * scale));
  const context = canvas.getContext("2d", {willReadFrequently: true});
  context.fillStyle = `rgb(${PAPER[paper].join(" ")})`;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const rgba = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const data = new Uint8Array(canvas.width * canvas.height * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    data[to++] = rgba[from];
    data[to++] = rgba[from + 1];
    data[to++] = rgba[from + 2];
  }
  return {data, width: canvas.width, height: canvas.height};
}

/** The average of blocks of `wide` × `high` pixels; the last ones may be smaller. */
function reduced(image, wide, high) {
  if (wide === 1 && high === 1) return image;
  const width = Math.ceil(image.width / wide), height = Math.ceil(image.height / high);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const bottom = Math.min((y + 1) * high, image.height);
    for (let x = 0; x < width; x++) {
      const right = Math.min((x + 1) * wide, image.width);
      const sum = [0, 0, 0];
      for (let v = y * high; v < bottom; v++) {
        for (let u = x * wide; u < right; u++) {
          for (let c = 0; c < 3; c++) sum[c] += image.data[(v * image.width + u) * 3 + c];
        }
      }
      const count = (bottom - y * high) * (right - x * wide);
      for (let c = 0; c < 3; c++) {
        data[(y * width + x) * 3 + c] = Math.floor(sum[c] / count + 0.5);
      }
    }
  }
  return {data, width, height};
}

/** For each new pixel the old ones that it is made of, by a triangle as wide as the step. */
function weights(from, to, begin, length) {
  const scale = length / to, support = Math.max(1, scale), found = [];
  for (let place = 0; place < to; place++) {
    const middle = begin + (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(middle - support + 0.5));
    const end = Math.min(from, Math.trunc(middle + support + 0.5));
    const shares = [];
    let sum = 0;
    for (let at = first; at < end; at++) {
      const share = Math.max(0, 1 - Math.abs((at - middle + 0.5) / support));
      shares.push(share);
      sum += share;
    }
    found.push({first, shares: shares.map((share) => share / sum)});
  }
  return found;
}

const rounded = (value) => Math.min(255, Math.max(0, Math.floor(value + 0.5)));

/** A part of an image in another size; first across, then down, rounded between, as in Pillow. */
function resized(image, width, height, box) {
  const across = weights(image.width, width, box.left, box.width);
  const down = weights(image.height, height, box.top, box.height);
  const between = new Uint8Array(width * image.height * 3);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++) {
      const {first, shares} = across[x];
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let k = 0; k < shares.length; k++) {
          sum += shares[k] * image.data[(y * image.width + first + k) * 3 + c];
        }
        between[(y * width + x) * 3 + c] = rounded(sum);
      }
    }
  }
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const {first, shares} = down[y];
    for (let x = 0; x < width * 3; x++) {
      let sum = 0;
      for (let k = 0; k < shares.length; k++) sum += shares[k] * between[(first + k) * width * 3 + x];
      data[y * width * 3 + x] = rounded(sum);
    }
  }
  return {data, width, height};
}

/** Pillow's `resize` with `reducing_gap=3`: large steps begin with whole blocks. */
function fitted(image, width, height, box) {
  const wide = Math.max(1, Math.floor(box.width / width / 3));
  const high = Math.max(1, Math.floor(box.height / height / 3));
  if (wide === 1 && high === 1) return resized(image, width, height, box);
  return resized(reduced(image, wide, high), width, height, {
    left: box.left / wide, top: box.top / high, width: box.width / wide, height: box.height / high,
  });
}

/** uint8 pixels [size, size, 3] of an image, as answer.json says under "picture". */
export function square(image, how) {
  const size = how.size;
  const factor = Math.max(1, Math.floor(Math.min(image.width, image.height) / (2 * size)));
  image = reduced(image, factor, factor);
  const {width, height} = image;
  if (how.square === "crop") {
    const side = Math.min(width, height);
    const box = {left: (width - side) / 2, top: (height - side) / 2, width: side, height: side};
    return fitted(image, size, size, box).data;
  }
  const whole = {left: 0, top: 0, width, height};
  if (how.square === "squash") return fitted(image, size, size, whole).data;
  const scale = size / Math.max(width, height);
  const wide = Math.max(1, Math.round(width * scale)), high = Math.max(1, Math.round(height * scale));
  const inner = fitted(image, wide, high, whole);
  const left = Math.floor((size - wide) / 2), top = Math.floor((size - high) / 2);
  const data = new Uint8Array(size * size * 3);
  for (let place = 0; place < data.length; place++) data[place] = AVERAGE[place % 3];
  for (let y = 0; y < high; y++) {
    data.set(inner.data.subarray(y * wide * 3, (y + 1) * wide * 3), ((top + y) * size + left) * 3);
  }
  return data;
}
