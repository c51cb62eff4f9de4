// Says on the serial line what the camera sees. README.md says how to get it onto a board.
//
//   frames.h   the camera               network.h  runs the network
//   picture.h  frame to network input   answer.h   numbers to words
//   model.h, facts.h                    made from your run

#include <Chirale_TensorFlowLite.h>

#include "frames.h"
#include "network.h"
#include "picture.h"

#if defined(ESP32)
#include <esp_heap_caps.h>

// Memory on the chip is faster than PSRAM, but there is less of it.
static uint8_t *memory_for_network() {
  void *found = heap_caps_aligned_alloc(16, NETWORK_ARENA, MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT);
  if (found == nullptr) found = heap_caps_aligned_alloc(16, NETWORK_ARENA, MALLOC_CAP_SPIRAM);
  return (uint8_t *)found;
}
#else
static uint8_t memory[NETWORK_ARENA] __attribute__((aligned(16)));

static uint8_t *memory_for_network() { return memory; }
#endif

// Says what is wrong, again and again, for whoever opens the serial monitor later.
static void stop(const char *why) {
  for (;;) {
    Serial.println(why);
    delay(2000);
  }
}

void setup() {
  Serial.begin(115200);
  if (!camera_begin()) stop("No camera was found. Check its cable, and the pins in frames.h.");
  uint8_t *arena = memory_for_network();
  if (arena == nullptr) stop("This board has too little memory: README.md says which fit.");
  if (!network_begin(arena)) stop("The memory for the network is too small: NETWORK_ARENA.");
  Serial.print("Ready. Memory that the network uses, in bytes: ");
  Serial.println((unsigned long)network->arena_used_bytes());
}

void loop() {
  Frame frame;
  if (!camera_take(&frame)) {
    Serial.println("The camera gave no picture.");
    delay(500);
    return;
  }
  bool fits = picture_prepare(
      frame.pixels, frame.width, frame.height, picture_rgb565, network_input());
  camera_release();
  if (!fits) stop("The camera's picture is too large: see PICTURE_WIDEST in picture.h.");

  Answer answer;
  unsigned long began = millis();
  if (!network_run(&answer)) stop("The network could not be run.");
  if (answer.known) {
    Serial.print(answer.label);
    Serial.print(answer.sure ? "" : " (not sure)");
  } else {
    Serial.print("none of these");
  }
  Serial.print("  ");
  Serial.print(100 * answer.confidence, 1);
  Serial.print(" %  ");
  Serial.print(millis() - began);
  Serial.println(" ms");
}
