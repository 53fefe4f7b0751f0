// SPDX-License-Identifier: Apache-2.0
//
// The global `host` of a clone: call (synchronous), post (one way), sha256, onEvent, nodeIndex.
#include "host.h"

// From xsmc.c, declared in xsmc.h, which cannot be included beside xsAll.h.
extern txInteger _xsmcGetBuffer(txMachine* the, txSlot* slot, void** data, txUnsigned* count,
                                txBoolean writable);

static uint32_t functionNumber(txMachine* the) {
  if (mxArgc < 1) mxTypeError("host: no function number");
  return (uint32_t)fxToInteger(the, mxArgv(0));
}

// The pointer stays good only until the next allocation in this machine.
static void argumentBytes(txMachine* the, int argument, void** data, txUnsigned* size) {
  txSlot* slot = mxArgv(argument);
  if (slot->kind != XS_REFERENCE_KIND) mxTypeError("host: data is no ArrayBuffer or Uint8Array");
  _xsmcGetBuffer(the, slot, data, size, 0);
}

static void hostCall(txMachine* the) {
  Node* node = the->node;
  uint32_t fn = functionNumber(the);
  void* data = NULL;
  txUnsigned size = 0;
  bool given = mxArgc > 1 && mxArgv(1)->kind != XS_UNDEFINED_KIND;
  if (given) argumentBytes(the, 1, &data, &size);
  frameBegin(OUT_CALL);
  frameU32(node->index);
  frameU32(fn);
  frameBytes(data, size);
  frameEnd();
  Frame reply;
  if (!framesReply(&reply)) {
    // The driver is gone; nothing of this process is of use to anybody.
    node->exit = EXIT_OTHER;
    fxExitToHost(the);
  }
  uint8_t status = reply.size ? reply.data[0] : 0;
  if (status == 2) {
    // The handler threw: the message becomes an exception of the caller. Frames end without a zero.
    mxTypeError("host.call(%u): %.*s", fn, (int)reply.size - 1, reply.data + 1);
  }
  if (status == 1) fxArrayBuffer(the, mxResult, (void*)(reply.data + 1), reply.size - 1, -1);
}

static void hostPost(txMachine* the) {
  Node* node = the->node;
  uint32_t fn = functionNumber(the);
  void* data = NULL;
  txUnsigned size = 0;
  if (mxArgc < 2) mxTypeError("host.post: no data");
  argumentBytes(the, 1, &data, &size);
  frameBegin(OUT_POST);
  frameU32(node->index);
  frameU32(fn);
  frameBytes(data, size);
  frameEnd();
}

static void hostSha256(txMachine* the) {
  void* data = NULL;
  txUnsigned size = 0;
  uint8_t digest[32];
  if (mxArgc < 1) mxTypeError("host.sha256: no data");
  argumentBytes(the, 0, &data, &size);
  sha256(data, size, digest);
  fxArrayBuffer(the, mxResult, digest, sizeof(digest), -1);
}

// Entered in the root's key table, so that no clone pays for them.
void portsNames(txMachine* the) {
  static const char* const names[] = {"host",    "call",      "post", "sha256",
                                      "onEvent", "nodeIndex", "stack"};
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) fxNewNameC(the, (txString)names[i]);
}

static void defineFunction(txMachine* the, txSlot* object, txCallback callback, int length,
                           const char* name) {
  txID id = fxNewNameC(the, (txString)name);
  fxNewHostFunction(the, callback, length, id, XS_NO_ID);
  mxPushSlot(object);
  fxDefineID(the, id, XS_DONT_DELETE_FLAG | XS_DONT_SET_FLAG,
             XS_DONT_DELETE_FLAG | XS_DONT_ENUM_FLAG | XS_DONT_SET_FLAG);
  mxPop();
}

void portsInstall(txMachine* the, Node* node) {
  mxPush(mxObjectPrototype);
  fxNewObjectInstance(the);
  txSlot* object = the->stack;
  defineFunction(the, object, hostCall, 2, "call");
  defineFunction(the, object, hostPost, 2, "post");
  defineFunction(the, object, hostSha256, 1, "sha256");
  mxPushInteger((txInteger)node->index);
  mxPushSlot(object);
  fxSetID(the, fxNewNameC(the, "nodeIndex"));
  mxPop();
  mxPushSlot(object);
  mxPush(mxGlobal);
  fxSetID(the, fxNewNameC(the, "host"));
  mxPop();
  mxPop();
}
