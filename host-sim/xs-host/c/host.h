// SPDX-License-Identifier: Apache-2.0
//
// What the files of xs-host share: the node record, the frame protocol and the entry points.
#ifndef WATTLE_XS_HOST_H
#define WATTLE_XS_HOST_H

#include "xsAll.h"
#include "xsScript.h"

// Frames from the driver. README.md has the table; host.ts has the same numbers.
enum {
  OP_NONE = 0,
  OP_LOAD = 1,
  OP_PRELOAD = 2,
  OP_START = 3,
  OP_CREATE = 4,
  OP_EVENT = 5,
  OP_REPLY = 6,
  OP_STATS = 7,
  OP_DESTROY = 8,
  OP_VERSION = 9,
};

// Frames to the driver.
enum {
  OUT_VERSION = 65,
  OUT_STARTED = 66,
  OUT_CALL = 68,
  OUT_POST = 69,
  OUT_DONE = 70,
  OUT_FAILED = 71,
  OUT_STATS = 72,
  OUT_CREATED = 73,
  OUT_DESTROYED = 74,
};

enum { NODE_FREE = 0, NODE_READY = 1, NODE_FAILED = 2 };

// Why a clone was ended; EXIT_NONE while it is well.
enum {
  EXIT_NONE = 0,
  EXIT_EXCEPTION,
  EXIT_REJECTION,
  EXIT_MEMORY,
  EXIT_STACK,
  EXIT_METER,
  EXIT_KEYS,
  EXIT_DEAD_STRIP,
  EXIT_SHARED,
  EXIT_OTHER,
};

typedef struct {
  uint32_t staticBytes;
  uint32_t chunkInitial;
  uint32_t chunkIncremental;
  uint32_t heapInitial;
  uint32_t heapIncremental;
  uint32_t stackSlots;
  uint32_t keys;
  double meterLimit;
} Creation;

// Memory of one machine. With staticBytes, chunks grow up from `base` and slots and stack come down
// from the end, as on the device; without, blocks come from malloc up to `limit` bytes in all.
typedef struct {
  char* base;
  char* low;
  char* high;
  size_t used;
  size_t limit;
} Arena;

typedef struct {
  double slots, slotsPeak, slotsReserved, slotBytes;
  double chunkBytes, chunkBytesPeak, chunkBytesReserved;
  double stackSlots, stackPeak, collections, meter, meterLast, keys, arenaUsed;
} Figures;

typedef struct {
  uint32_t index;
  int state;
  int exit;
  int isRoot;
  txMachine* machine;
  void* dtoa;
  Arena arena;
  Creation creation;
  double meterTotal;
  double meterEvent;
  double meterLast;
  double collections;
  uint16_t collectionsSeen;
  Figures last;
  char trace[256];
  char reason[2048];
} Node;

// A frame that came in; data stays valid until the next read.
typedef struct {
  uint8_t op;
  const uint8_t* data;
  uint32_t size;
} Frame;

// frames.c
void framesOpen(void);
void framesClose(void);
bool framesNext(Frame* frame);
bool framesReply(Frame* frame);
void framesFlush(void);
void frameBegin(uint8_t op);
void frameU8(uint8_t value);
void frameU32(uint32_t value);
void frameF64(double value);
void frameBytes(const void* data, size_t size);
void frameText(const char* text);
void frameEnd(void);
uint32_t readU32(const uint8_t* data);
double readF64(const uint8_t* data);

// modules.c
bool modulesLoad(const char* name, size_t nameSize, const char* source, size_t sourceSize);
void modulesPreload(const char* name, size_t nameSize);
bool modulesStart(const char* entry, size_t entrySize, bool freeze);
const char* modulesEntry(void);
const char* modulesError(void);
txMachine* modulesRoot(void);
void modulesClose(void);

// share.c
void shareFreezeBuiltIns(txMachine* the);
void shareRoot(txMachine* the);
void shareClose(void);

// clones.c
void cloneCreate(uint32_t index, const Creation* creation);
void cloneEvent(uint32_t index, uint32_t kind, const uint8_t* data, uint32_t size);
void cloneDestroy(uint32_t index);
void cloneStats(uint32_t index, bool collect);
void clonesClose(void);

// guard.c
typedef void (*Body)(txMachine* the, void* context);
bool guardRun(Node* node, Body body, void* context);
void guardJobs(txMachine* the);
void guardShared(void);

// sha256.c
void sha256(const uint8_t* data, size_t size, uint8_t digest[32]);

// ports.c
void portsInstall(txMachine* the, Node* node);
void portsNames(txMachine* the);

// stats.c
void statsMeterBegin(Node* node);
void statsMeterEnd(Node* node);
void statsTake(Node* node);
void statsWrite(const Node* node);

// arena.c
bool arenaOpen(Node* node);
void arenaClose(Node* node);
void arenaProtect(bool protect);
bool arenaIsShared(const void* address);

#endif
