// The camera: frames of 2 bytes for a pixel (RGB565). Look here first if your board or its camera
// is another one.
#pragma once

#include <Arduino.h>

typedef struct {
  const uint8_t *pixels;
  int width, height;
} Frame;

#if defined(ESP32)
#include <esp_camera.h>

// The pins of AI Thinker's ESP32-CAM. Other boards: see “camera_pins.h” in the example
// CameraWebServer of the Arduino core for the ESP32.
static bool camera_begin() {
  camera_config_t config = {};
  config.ledc_channel = LEDC_CHANNEL_0;
  config.ledc_timer = LEDC_TIMER_0;
  config.pin_pwdn = 32;
  config.pin_reset = -1;
  config.pin_xclk = 0;
  config.pin_sccb_sda = 26;
  config.pin_sccb_scl = 27;
  config.pin_d7 = 35;
  config.pin_d6 = 34;
  config.pin_d5 = 39;
  config.pin_d4 = 36;
  config.pin_d3 = 21;
  config.pin_d2 = 19;
  config.pin_d1 = 18;
  config.pin_d0 = 5;
  config.pin_vsync = 25;
  config.pin_href = 23;
  config.pin_pclk = 22;
  config.xclk_freq_hz = 20000000;
  config.pixel_format = PIXFORMAT_RGB565;
  config.frame_size = psramFound() ? FRAMESIZE_QVGA : FRAMESIZE_QQVGA;
  config.fb_location = psramFound() ? CAMERA_FB_IN_PSRAM : CAMERA_FB_IN_DRAM;
  config.fb_count = 1;
  config.grab_mode = CAMERA_GRAB_WHEN_EMPTY;
  return esp_camera_init(&config) == ESP_OK;
}

static camera_fb_t *camera_held = nullptr;

static bool camera_take(Frame *frame) {
  camera_held = esp_camera_fb_get();
  if (camera_held == nullptr) return false;
  frame->pixels = camera_held->buf;
  frame->width = (int)camera_held->width;
  frame->height = (int)camera_held->height;
  return true;
}

static void camera_release() {
  esp_camera_fb_return(camera_held);
  camera_held = nullptr;
}

#elif defined(ARDUINO_ARDUINO_NANO33BLE)
// The OV7675 of Arduino's Tiny Machine Learning Kit, with the library Arduino_OV767X.
#include <Arduino_OV767X.h>

static uint8_t camera_pixels[160 * 120 * 2];

static bool camera_begin() { return Camera.begin(QQVGA, RGB565, 1, OV7675); }

static bool camera_take(Frame *frame) {
  Camera.readFrame(camera_pixels);
  frame->pixels = camera_pixels;
  frame->width = 160;
  frame->height = 120;
  return true;
}

static void camera_release() {}

#else
#error "Write camera_begin, camera_take and camera_release for your board's camera here."
#endif
