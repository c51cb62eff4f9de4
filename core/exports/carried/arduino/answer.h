// What a person is told of a picture: the most likely class, how sure the network is of it, and
// whether it knows such pictures at all. The temperature that makes the confidence honest is part
// of the network, and so is the score for “none of these”.
#pragma once

#include <stdint.h>

#include "facts.h"
#include "model.h"

typedef struct {
  const char *label;
  float confidence;  // from 0 to 1
  int sure;          // 0: below the cut-off that was set
  float familiar;    // from 0 to 1; -1 where the network does not tell
  int known;         // 0: “none of these”
} Answer;

// The answer in the network's numbers; `familiar` is not looked at where it does not tell that.
static Answer answer_of(const int8_t *probabilities, const int8_t *familiar) {
  int best = 0;
  for (int i = 1; i < ANSWER_CLASSES; i++) {
    if (probabilities[i] > probabilities[best]) best = i;
  }
  Answer answer;
  answer.label = ANSWER_LABELS[best];
  answer.confidence =
      (probabilities[best] - NETWORK_PROBABILITIES_ZERO) * NETWORK_PROBABILITIES_SCALE;
  answer.sure = answer.confidence >= ANSWER_CUT_OFF;
#ifdef NETWORK_FAMILIAR
  answer.familiar = (familiar[0] - NETWORK_FAMILIAR_ZERO) * NETWORK_FAMILIAR_SCALE;
  answer.known = answer.familiar >= ANSWER_THRESHOLD;
#else
  (void)familiar;
  answer.familiar = -1;
  answer.known = 1;
#endif
  return answer;
}
