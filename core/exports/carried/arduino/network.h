// Runs the network with TensorFlow Lite Micro.
#pragma once

#include <tensorflow/lite/micro/micro_interpreter.h>
#include <tensorflow/lite/micro/micro_mutable_op_resolver.h>
#include <tensorflow/lite/schema/schema_generated.h>

#include "answer.h"
#include "model.h"

static tflite::MicroInterpreter *network = nullptr;

// Sets it up in `arena`, NETWORK_ARENA bytes that begin at a multiple of 16.
// Returns false where that is not enough.
static bool network_begin(uint8_t *arena) {
  static tflite::MicroMutableOpResolver<NETWORK_OPERATIONS> operations;
  NETWORK_ADD_OPERATIONS(operations)
  static tflite::MicroInterpreter interpreter(
      tflite::GetModel(NETWORK), operations, arena, NETWORK_ARENA);
  network = &interpreter;
  return network->AllocateTensors() == kTfLiteOk;
}

// Where the picture goes: NETWORK_SIDE * NETWORK_SIDE * 3 numbers. The network uses that memory
// while it runs, so put a picture there before each time.
static int8_t *network_input() { return network->input(0)->data.int8; }

// What the network says of the picture in its input. Returns false where it failed.
static bool network_run(Answer *answer) {
  if (network->Invoke() != kTfLiteOk) return false;
  const int8_t *familiar = nullptr;
#ifdef NETWORK_FAMILIAR
  familiar = network->output(NETWORK_FAMILIAR)->data.int8;
#endif
  *answer = answer_of(network->output(NETWORK_PROBABILITIES)->data.int8, familiar);
  return true;
}
