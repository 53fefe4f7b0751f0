// SPDX-License-Identifier: Apache-2.0
//
// Memory of the machines. A clone with staticBytes lives in one block, as on the device: chunks
// from the bottom, slots and stack from the top, and "memory full" when they meet. Without, memory
// comes from malloc up to a bound that keeps one clone from starving the others.
#include "host.h"

#include <sys/mman.h>

enum { DEFAULT_LIMIT = 64 << 20, ALIGN = 8, MAX_REGIONS = 256 };

// The root's memory comes in whole pages, so that it can be write-protected once it is shared.
typedef struct {
  char* data;
  size_t size;
} Region;

static Region regions[MAX_REGIONS];
static int regionCount;

bool arenaOpen(Node* node) {
  Arena* arena = &node->arena;
  size_t size = node->creation.staticBytes;
  memset(arena, 0, sizeof(Arena));
  arena->limit = size ? size : DEFAULT_LIMIT;
  if (!size) return true;
  size &= ~(size_t)(ALIGN - 1);
  arena->base = malloc(size);
  if (!arena->base) return false;
  arena->low = arena->base;
  arena->high = arena->base + size;
  return true;
}

void arenaClose(Node* node) {
  free(node->arena.base);
  memset(&node->arena, 0, sizeof(Arena));
}

static void* takePages(size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size = (size + page - 1) / page * page;
  if (regionCount == MAX_REGIONS) return NULL;
  void* data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return NULL;
  regions[regionCount++] = (Region){data, size};
  return data;
}

static void freePages(void* data) {
  for (int i = 0; i < regionCount; i++) {
    if (regions[i].data != data) continue;
    munmap(data, regions[i].size);
    regions[i] = regions[--regionCount];
    return;
  }
}

void arenaProtect(bool protect) {
  int access = protect ? PROT_READ : PROT_READ | PROT_WRITE;
  for (int i = 0; i < regionCount; i++) mprotect(regions[i].data, regions[i].size, access);
}

bool arenaIsShared(const void* address) {
  const char* at = address;
  for (int i = 0; i < regionCount; i++) {
    if (at >= regions[i].data && at < regions[i].data + regions[i].size) return true;
  }
  return false;
}

static void* take(Node* node, size_t size) {
  Arena* arena = &node->arena;
  if (node->isRoot) return takePages(size);
  if (size > arena->limit - arena->used) return NULL;
  size_t* block = malloc(size + 2 * sizeof(size_t));
  if (!block) return NULL;
  block[0] = size;
  arena->used += size;
  return block + 2;
}

static void giveBack(Node* node, void* data) {
  if (node->isRoot) {
    freePages(data);
    return;
  }
  size_t* block = (size_t*)data - 2;
  node->arena.used -= block[0];
  free(block);
}

void* fxAllocateChunks(txMachine* the, txSize size) {
  Node* node = the->node;
  Arena* arena = &node->arena;
  if (size < 0) return NULL;
  if (!arena->base) return take(node, (size_t)size);
  // Not rounded: the engine joins a new piece to its block only when they touch. Sizes are
  // multiples of a pointer already (the engine rounds chunks, makeMachine the creation's sizes).
  size_t grow = (size_t)size;
  txBlock* block = the->firstBlock;
  bool joined = block && (char*)block->limit == arena->low;
  // Only what the free end of the block lacks, as the device's allocator does it.
  if (joined) grow -= (size_t)(block->limit - block->current);
  if (grow > (size_t)(arena->high - arena->low)) return NULL;
  void* result = arena->low;
  arena->low += grow;
  arena->used += grow;
  if (!joined) return result;
  // The engine adds the whole size to the block's limit.
  block->limit = (txByte*)arena->low - size;
  the->maximumChunksSize -= size - (txSize)grow;
  return block->limit;
}

void fxFreeChunks(txMachine* the, void* data) {
  Node* node = the->node;
  if (!node->arena.base) giveBack(node, data);
}

// Slots do not fit: the collector compacts the chunks, and the free end of their block becomes room
// for slots. Returns true when there is room for `bytes` now.
static bool takeFromChunks(txMachine* the, Arena* arena, size_t bytes) {
  txBlock* block = the->firstBlock;
  if (!block || (char*)block->limit != arena->low) return false;
  if (!(the->collectFlag & XS_COLLECTING_FLAG)) return false;
  fxCollect(the, XS_COMPACT_FLAG | XS_ORGANIC_FLAG);
  size_t spare = (size_t)(block->limit - block->current) & ~(size_t)(ALIGN - 1);
  if ((size_t)(arena->high - arena->low) + spare < bytes) return false;
  block->limit -= spare;
  the->maximumChunksSize -= (txSize)spare;
  arena->low -= spare;
  arena->used -= spare;
  return true;
}

txSlot* fxAllocateSlots(txMachine* the, txSize count) {
  Node* node = the->node;
  Arena* arena = &node->arena;
  if (count <= 0 || (size_t)count > ((size_t)1 << 30) / sizeof(txSlot)) return NULL;
  size_t bytes = (size_t)count * sizeof(txSlot);
  if (!arena->base) return take(node, bytes);
  if (bytes > (size_t)(arena->high - arena->low) && !takeFromChunks(the, arena, bytes)) {
    // -1 tells fxGrowSlots to go on with what the collection freed.
    return the->freeHeap ? (txSlot*)-1 : NULL;
  }
  arena->high -= bytes;
  arena->used += bytes;
  return (txSlot*)arena->high;
}

void fxFreeSlots(txMachine* the, void* data) {
  Node* node = the->node;
  if (!node->arena.base) giveBack(node, data);
}

void fxCreateMachinePlatform(txMachine* the) {
  Node* node = the->context;
  the->node = node;
  node->machine = the;
  // Kept because the engine forgets it when a machine cannot be completed (cloneCreate frees it).
  node->dtoa = the->dtoa;
}

void fxDeleteMachinePlatform(txMachine* the) { (void)the; }
