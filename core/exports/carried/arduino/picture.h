// Turns a camera's frame into the square of pixels that the network sees, exactly as Thaw does:
// bilinear with antialiasing, as in Pillow, first across, then down, rounded in between.
//
// Plain C, so that it can be tried on a computer too. It needs no more memory than a few lines of
// the picture: a line of the frame is read whenever it is needed.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "facts.h"
#include "model.h"

#define PICTURE_WIDEST 320  // pixels of a frame's longer side
#define PICTURE_TAPS 9      // pixels of a frame that one pixel of the picture may depend on
#define PICTURE_BITS 22     // of fractions, as in Pillow

// Reads one line of a frame: width * 3 bytes, red, green, blue.
typedef void (*PictureLine)(const void *frame, int width, int y, uint8_t *rgb);

// What one pixel of the picture is made of: `count` pixels of the frame, from `first` on.
typedef struct {
  int first, count;
  int32_t weights[PICTURE_TAPS];
} PictureTaps;

static uint8_t picture_line[PICTURE_WIDEST * 3];
static uint8_t picture_across[NETWORK_SIDE * 3];
static int32_t picture_sums[NETWORK_SIDE * 3];
static PictureTaps picture_columns[NETWORK_SIDE];

// The taps of pixel `at` of `out`, where `length` pixels of a frame from `begin` on become `out`.
// Returns 0 where there are too many.
static int picture_taps(PictureTaps *taps, int at, int out, int whole, double begin, double length) {
  double scale = length / out, reach = scale < 1 ? 1 : scale;
  double middle = begin + (at + 0.5) * scale, sum = 0, parts[PICTURE_TAPS];
  int first = (int)(middle - reach + 0.5), end = (int)(middle + reach + 0.5);
  if (first < 0) first = 0;
  if (end > whole) end = whole;
  if (end - first > PICTURE_TAPS) return 0;
  taps->first = first;
  taps->count = end - first;
  for (int i = 0; i < taps->count; i++) {
    double away = fabs((first + i - middle + 0.5) / reach);
    parts[i] = away < 1 ? 1 - away : 0;
    sum += parts[i];
  }
  for (int i = 0; i < taps->count; i++) {
    taps->weights[i] = (int32_t)(0.5 + parts[i] / sum * (1 << PICTURE_BITS));
  }
  return 1;
}

static uint8_t picture_rounded(int32_t sum) {
  int32_t value = sum >> PICTURE_BITS;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

// Makes the network's input of a frame: a pixel is its value from 0 to 255, less 128.
// Returns 0 where the frame is too large or too small, and 1 otherwise.
static int picture_prepare(const void *frame, int width, int height, PictureLine read, int8_t *out) {
  const int side = NETWORK_SIDE;
  const uint8_t grey[3] = {124, 116, 104};
  int wide = side, high = side, left = 0, top = 0;
  double x = 0, y = 0, across = width, down = height;
  if (width < 1 || height < 1 || width > PICTURE_WIDEST) return 0;
  if (PICTURE_SQUARE == 1) {
    across = down = width < height ? width : height;
    x = (width - across) / 2;
    y = (height - down) / 2;
  } else if (PICTURE_SQUARE == 2) {
    double scale = (double)side / (width > height ? width : height);
    wide = (int)rint(width * scale);
    high = (int)rint(height * scale);
    if (wide < 1) wide = 1;
    if (high < 1) high = 1;
    left = (side - wide) / 2;
    top = (side - high) / 2;
  }
  for (int i = 0; i < side * side; i++) {
    for (int c = 0; c < 3; c++) out[i * 3 + c] = (int8_t)(grey[c] - 128);
  }
  for (int i = 0; i < wide; i++) {
    if (!picture_taps(&picture_columns[i], i, wide, width, x, across)) return 0;
  }
  for (int row = 0; row < high; row++) {
    PictureTaps rows;
    if (!picture_taps(&rows, row, high, height, y, down)) return 0;
    for (int i = 0; i < wide * 3; i++) picture_sums[i] = 1 << (PICTURE_BITS - 1);
    for (int line = 0; line < rows.count; line++) {
      read(frame, width, rows.first + line, picture_line);
      for (int i = 0; i < wide; i++) {
        const PictureTaps *taps = &picture_columns[i];
        const uint8_t *from = picture_line + taps->first * 3;
        for (int c = 0; c < 3; c++) {
          int32_t sum = 1 << (PICTURE_BITS - 1);
          for (int k = 0; k < taps->count; k++) sum += from[k * 3 + c] * taps->weights[k];
          picture_across[i * 3 + c] = picture_rounded(sum);
        }
      }
      for (int i = 0; i < wide * 3; i++) {
        picture_sums[i] += picture_across[i] * rows.weights[line];
      }
    }
    int8_t *to = out + ((top + row) * side + left) * 3;
    for (int i = 0; i < wide * 3; i++) to[i] = (int8_t)(picture_rounded(picture_sums[i]) - 128);
  }
  return 1;
}

// A line of a frame with 2 bytes for a pixel, the high one first (RGB565), as cameras send it.
static void picture_rgb565(const void *frame, int width, int y, uint8_t *rgb) {
  const uint8_t *from = (const uint8_t *)frame + (size_t)y * width * 2;
  for (int x = 0; x < width; x++, from += 2, rgb += 3) {
    int pixel = from[0] << 8 | from[1];
    int red = pixel >> 11, green = pixel >> 5 & 63, blue = pixel & 31;
    rgb[0] = (uint8_t)(red << 3 | red >> 2);
    rgb[1] = (uint8_t)(green << 2 | green >> 4);
    rgb[2] = (uint8_t)(blue << 3 | blue >> 2);
  }
}
