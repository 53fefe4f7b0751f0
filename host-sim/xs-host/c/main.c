// SPDX-License-Identifier: Apache-2.0
//
// xs-host: runs firmware modules on the XS engine for a driver at the other end of two pipes.
#include "host.h"

#include <signal.h>

static void badFrame(const Frame* frame) {
  fprintf(stderr, "xs-host: bad frame, op %u, %u bytes\n", frame->op, frame->size);
  _exit(72);
}

static void onLoad(const Frame* frame) {
  uint32_t nameSize = readU32(frame->data);
  if (nameSize > frame->size - 4) badFrame(frame);
  const char* name = (const char*)frame->data + 4;
  modulesLoad(name, nameSize, name + nameSize, frame->size - 4 - nameSize);
}

static void onStart(const Frame* frame) {
  bool freeze = frame->data[0] & 1;
  bool ok = modulesStart((const char*)frame->data + 1, frame->size - 1, freeze);
  frameBegin(OUT_STARTED);
  frameU8(ok);
  frameText(modulesError());
  frameEnd();
}

static void onCreate(const Frame* frame) {
  Creation creation = {
    .staticBytes = readU32(frame->data + 4),
    .chunkInitial = readU32(frame->data + 8),
    .chunkIncremental = readU32(frame->data + 12),
    .heapInitial = readU32(frame->data + 16),
    .heapIncremental = readU32(frame->data + 20),
    .stackSlots = readU32(frame->data + 24),
    .keys = readU32(frame->data + 28),
    .meterLimit = readF64(frame->data + 32),
  };
  cloneCreate(readU32(frame->data), &creation);
}

static void onVersion(void) {
  char text[96];
#ifdef mxDebug
  const char* kind = " debug";
#else
  const char* kind = "";
#endif
  snprintf(text, sizeof(text), "XS %d.%d.%d %d-bit%s", XS_MAJOR_VERSION, XS_MINOR_VERSION,
           XS_PATCH_VERSION, (int)sizeof(void*) * 8, kind);
  frameBegin(OUT_VERSION);
  frameText(text);
  frameEnd();
}

// The least payload of each op, so that handlers may read their fixed part unchecked.
static uint32_t leastSize(uint8_t op) {
  switch (op) {
    case OP_LOAD: return 4;
    case OP_START: return 1;
    case OP_CREATE: return 40;
    case OP_EVENT: return 8;
    case OP_STATS: return 5;
    case OP_DESTROY: return 4;
    default: return 0;
  }
}

static void dispatch(const Frame* frame) {
  if (frame->size < leastSize(frame->op)) badFrame(frame);
  const uint8_t* data = frame->data;
  switch (frame->op) {
    case OP_LOAD: onLoad(frame); break;
    case OP_PRELOAD: modulesPreload((const char*)data, frame->size); break;
    case OP_START: onStart(frame); break;
    case OP_CREATE: onCreate(frame); break;
    case OP_EVENT: cloneEvent(readU32(data), readU32(data + 4), data + 8, frame->size - 8); break;
    case OP_STATS: cloneStats(readU32(data), data[4] != 0); break;
    case OP_DESTROY: cloneDestroy(readU32(data)); break;
    case OP_VERSION: onVersion(); break;
    default: badFrame(frame);
  }
}

int main(void) {
  Frame frame;
  signal(SIGPIPE, SIG_IGN);
  framesOpen();
  while (framesNext(&frame)) dispatch(&frame);
  clonesClose();
  modulesClose();
  framesClose();
  return 0;
}
