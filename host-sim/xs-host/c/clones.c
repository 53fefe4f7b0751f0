// SPDX-License-Identifier: Apache-2.0
//
// The life of a node: created as a clone of the root, given events, ended alone.
#include "host.h"

static Node** nodes;
static uint32_t nodeCount;

typedef struct {
  uint32_t kind;
  const uint8_t* data;
  uint32_t size;
} Event;

static Node* find(uint32_t index) { return index < nodeCount ? nodes[index] : NULL; }

static Node* make(uint32_t index) {
  enum { MAX_NODES = 1 << 20 };
  if (index >= MAX_NODES) return NULL;
  if (index >= nodeCount) {
    uint32_t count = nodeCount ? nodeCount : 64;
    while (count <= index) count *= 2;
    Node** grown = realloc(nodes, count * sizeof(Node*));
    if (!grown) return NULL;
    memset(grown + nodeCount, 0, (count - nodeCount) * sizeof(Node*));
    nodes = grown;
    nodeCount = count;
  }
  if (!nodes[index]) nodes[index] = calloc(1, sizeof(Node));
  return nodes[index];
}

static void endMachine(Node* node) {
  if (node->machine) {
    statsTake(node);
    fxDeleteMachine(node->machine);
    node->machine = NULL;
  }
  arenaClose(node);
}

// The failed clone's memory is given back at once; its figures and its reason stay.
static void fail(Node* node) {
  node->state = NODE_FAILED;
  endMachine(node);
  frameBegin(OUT_FAILED);
  frameU32(node->index);
  frameText(node->reason);
  frameEnd();
}

static void writeResult(uint8_t op, uint32_t index, bool ok, double meter) {
  frameBegin(op);
  frameU32(index);
  frameU8(ok);
  frameF64(meter);
  frameEnd();
}

static void runEntry(txMachine* the, void* context) {
  Node* node = context;
  fxBeginHost(the);
  portsInstall(the, node);
  mxPushStringC((txString)modulesEntry());
  fxAwaitImport(the, XS_IMPORT_NAMESPACE);
  mxPop();
  fxEndHost(the);
  guardJobs(the);
}

static void runEvent(txMachine* the, void* context) {
  Event* event = context;
  fxBeginHost(the);
  mxPush(mxGlobal);
  fxGetID(the, fxFindName(the, "host"));
  txSlot* object = the->stack;
  mxPushSlot(object);
  fxGetID(the, fxFindName(the, "onEvent"));
  if (!mxIsReference(the->stack) || !mxIsFunction(the->stack->value.reference)) {
    mxTypeError("host.onEvent is not a function");
  }
  txSlot* function = the->stack;
  mxPushSlot(object);
  mxPushSlot(function);
  mxCall();
  mxPushInteger((txInteger)event->kind);
  mxPushUndefined();
  fxArrayBuffer(the, the->stack, (void*)event->data, (txInteger)event->size, -1);
  mxRunCount(2);
  mxPop();
  fxEndHost(the);
  guardJobs(the);
}

static txSize rounded(uint32_t value) { return (txSize)((value + 7) & ~7u); }

// The engine does not check that the first pieces fit, so it is done before it is asked.
static bool fits(const Node* node, const txCreation* creation) {
  size_t slots = (size_t)creation->stackCount + (size_t)creation->initialHeapCount;
  size_t need = slots * sizeof(txSlot) + (size_t)creation->initialChunkSize + sizeof(txBlock);
  return need <= node->arena.limit;
}

static bool makeMachine(Node* node) {
  const Creation* wanted = &node->creation;
  txMachine* root = modulesRoot();
  txCreation creation = {
    .initialChunkSize = rounded(wanted->chunkInitial),
    .incrementalChunkSize = rounded(wanted->chunkIncremental),
    .initialHeapCount = (txSize)wanted->heapInitial,
    .incrementalHeapCount = (txSize)wanted->heapIncremental,
    .stackCount = (txSize)wanted->stackSlots,
    .initialKeyCount = wanted->keys ? (txSize)wanted->keys : 64,
    .incrementalKeyCount = wanted->keys ? 0 : 64,
    // Must be the root's: a clone starts with a copy of its name and symbol tables.
    .nameModulo = root->nameModulo,
    .symbolModulo = root->symbolModulo,
    .parserBufferSize = 1024,
    .parserTableModulo = 1,
    .staticSize = (txSize)wanted->staticBytes,
  };
  if (!arenaOpen(node) || !fits(node, &creation)) {
    snprintf(node->reason, sizeof(node->reason), "memory full: the first sizes do not fit");
    return false;
  }
  node->exit = EXIT_NONE;
  node->machine = NULL;
  node->dtoa = NULL;
  if (!fxCloneMachine(&creation, root, "clone", node)) {
    // The engine has freed the machine, but not what it made first.
    node->machine = NULL;
    fxDelete_dtoa(node->dtoa);
    fxTerminateSharedCluster();
    snprintf(node->reason, sizeof(node->reason), "memory full: the machine could not be created");
    return false;
  }
  return true;
}

void cloneCreate(uint32_t index, const Creation* creation) {
  Node* node = make(index);
  if (!node || node->state != NODE_FREE || !modulesRoot() || !modulesEntry()) {
    fprintf(stderr, "xs-host: node %u cannot be created (in use, or not started)\n", index);
    writeResult(OUT_CREATED, index, false, 0);
    return;
  }
  memset(node, 0, sizeof(Node));
  node->index = index;
  node->creation = *creation;
  bool ok = makeMachine(node) && guardRun(node, runEntry, node);
  double meter = node->meterLast;
  if (ok) node->state = NODE_READY; else fail(node);
  writeResult(OUT_CREATED, index, ok, meter);
}

void cloneEvent(uint32_t index, uint32_t kind, const uint8_t* data, uint32_t size) {
  Node* node = find(index);
  if (!node || node->state != NODE_READY) {
    writeResult(OUT_DONE, index, false, 0);
    return;
  }
  Event event = {kind, data, size};
  bool ok = guardRun(node, runEvent, &event);
  double meter = node->meterLast;
  if (!ok) fail(node);
  writeResult(OUT_DONE, index, ok, meter);
}

static void collect(txMachine* the, void* context) {
  (void)context;
  fxCollectGarbage(the);
}

void cloneStats(uint32_t index, bool full) {
  static Node none;
  Node* node = find(index);
  if (!node) {
    none.index = index;
    node = &none;
  }
  if (node->machine) {
    if (full) {
      double meter = node->meterLast;
      guardRun(node, collect, NULL);
      node->meterLast = meter;
    }
    statsTake(node);
  }
  statsWrite(node);
}

void cloneDestroy(uint32_t index) {
  Node* node = find(index);
  if (node) {
    endMachine(node);
    node->state = NODE_FREE;
  }
  frameBegin(OUT_DESTROYED);
  frameU32(index);
  frameEnd();
}

void clonesClose(void) {
  for (uint32_t i = 0; i < nodeCount; i++) {
    if (!nodes[i]) continue;
    endMachine(nodes[i]);
    free(nodes[i]);
  }
  free(nodes);
}
