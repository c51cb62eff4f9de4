// As much of Arduino, two cameras and TensorFlow Lite Micro as the sketch uses, by their
// documentation: so a compiler can see whether the sketch fits them. Nothing here can be run.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct SerialLine {
  void begin(unsigned long baud);
  void print(const char *);
  void print(unsigned long);
  void print(double, int digits);
  void println(const char *);
  void println(unsigned long);
};
extern SerialLine Serial;
void delay(unsigned long);
unsigned long millis();

#if defined(ESP32)
enum { MALLOC_CAP_INTERNAL = 1, MALLOC_CAP_8BIT = 2, MALLOC_CAP_SPIRAM = 4 };
bool psramFound();
typedef enum { ESP_OK } esp_err_t;
typedef enum { LEDC_TIMER_0 } ledc_timer_t;
typedef enum { LEDC_CHANNEL_0 } ledc_channel_t;
typedef enum { PIXFORMAT_RGB565 } pixformat_t;
typedef enum { FRAMESIZE_QQVGA, FRAMESIZE_QVGA } framesize_t;
typedef enum { CAMERA_GRAB_WHEN_EMPTY } camera_grab_mode_t;
typedef enum { CAMERA_FB_IN_PSRAM, CAMERA_FB_IN_DRAM } camera_fb_location_t;
typedef struct {
  int pin_pwdn, pin_reset, pin_xclk, pin_sccb_sda, pin_sccb_scl;
  int pin_d7, pin_d6, pin_d5, pin_d4, pin_d3, pin_d2, pin_d1, pin_d0;
  int pin_vsync, pin_href, pin_pclk, xclk_freq_hz;
  ledc_timer_t ledc_timer;
  ledc_channel_t ledc_channel;
  pixformat_t pixel_format;
  framesize_t frame_size;
  int jpeg_quality;
  size_t fb_count;
  camera_fb_location_t fb_location;
  camera_grab_mode_t grab_mode;
} camera_config_t;
typedef struct {
  uint8_t *buf;
  size_t len, width, height;
} camera_fb_t;
extern "C" {
void *heap_caps_aligned_alloc(size_t alignment, size_t size, uint32_t capabilities);
esp_err_t esp_camera_init(const camera_config_t *);
camera_fb_t *esp_camera_fb_get();
void esp_camera_fb_return(camera_fb_t *);
}
#else
enum { QVGA, QQVGA, RGB565, OV7675 };
struct OV767X {
  int begin(int resolution, int format, int frames_a_second, int camera);
  void readFrame(void *);
};
extern OV767X Camera;
#endif

typedef enum { kTfLiteOk, kTfLiteError } TfLiteStatus;
struct TfLiteTensor {
  union {
    int8_t *int8;
  } data;
};
namespace tflite {
struct Model;
const Model *GetModel(const void *);
struct MicroOpResolver {};
template <unsigned int Most>
struct MicroMutableOpResolver : MicroOpResolver {
  TfLiteStatus AddConv2D();
};
struct MicroInterpreter {
  MicroInterpreter(const Model *, const MicroOpResolver &, uint8_t *arena, size_t);
  TfLiteStatus AllocateTensors(), Invoke();
  TfLiteTensor *input(size_t), *output(size_t);
  size_t arena_used_bytes() const;
};
}  // namespace tflite
