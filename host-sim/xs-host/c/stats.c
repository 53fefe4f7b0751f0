// SPDX-License-Identifier: Apache-2.0
//
// The meter and the figures of a node. The meter counts bytecodes, so it repeats exactly.
#include "host.h"

// Keys are 16-bit numbers and never given back; a clone that makes new ones without end is stopped
// before they run over. An event cannot make more than METER_STEP between two looks.
enum { METER_STEP = 1 << 16, MAX_KEYS = 40000 };

static txBoolean meterStep(txMachine* the, txU4 index) {
  Node* node = the->node;
  // Signed: XS adds size - 1 for a BigInt, which for one of size 0 would wrap the counter.
  node->meterEvent += (txS4)index;
  the->meterIndex = 0;
  if (the->keyIndex > MAX_KEYS) fxAbort(the, XS_NO_MORE_KEYS_EXIT);
  return node->meterEvent <= node->creation.meterLimit;
}

void statsMeterBegin(Node* node) {
  double limit = node->creation.meterLimit;
  node->meterEvent = 0;
  fxBeginMetering(node->machine, meterStep, limit < METER_STEP ? (txU4)limit : METER_STEP);
}

void statsMeterEnd(Node* node) {
  txMachine* the = node->machine;
  node->meterLast = node->meterEvent + (txS4)the->meterIndex;
  node->meterTotal += node->meterLast;
  fxEndMetering(the);
  uint16_t count = the->garbageCollectionCount;
  node->collections += (uint16_t)(count - node->collectionsSeen);
  node->collectionsSeen = count;
}

void statsTake(Node* node) {
  txMachine* the = node->machine;
  Figures* figures = &node->last;
  if (!the) return;
  figures->slots = the->currentHeapCount;
  figures->slotsPeak = the->peakHeapCount;
  figures->slotsReserved = the->maximumHeapCount;
  figures->slotBytes = sizeof(txSlot);
  figures->chunkBytes = the->currentChunksSize;
  figures->chunkBytesPeak = the->peakChunksSize;
  figures->chunkBytesReserved = the->maximumChunksSize;
  figures->stackSlots = the->stackTop - the->stackBottom;
  figures->stackPeak = the->stackTop - the->stackPeak;
  figures->collections = node->collections;
  figures->meter = node->meterTotal;
  figures->meterLast = node->meterLast;
  figures->keys = the->keyIndex - the->keyOffset;
  figures->arenaUsed = node->arena.used;
}

void statsWrite(const Node* node) {
  const double* values = (const double*)&node->last;
  frameBegin(OUT_STATS);
  frameU32(node->index);
  frameU8((uint8_t)node->state);
  for (size_t i = 0; i < sizeof(Figures) / sizeof(double); i++) frameF64(values[i]);
  frameText(node->state == NODE_FAILED ? node->reason : "");
  frameEnd();
}
