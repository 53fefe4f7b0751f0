// SPDX-License-Identifier: Apache-2.0
//
// Making the root safe to share. fxShareMachine alone marks the root's slots, so that no clone's
// collector walks into them, but leaves holes, which are closed here:
//  1. values of the root that refer to its chunks (strings, keys, big integers, code) are copied
//     slot by slot into clones, whose collectors would then mark and move the root's chunks: they
//     become the engine's X kinds, which collectors leave alone;
//  2. instances with chunks of their own (maps, sets, buffers ...) must never be copied on write:
//     they become read-only;
//  3. tables that the engine fills as it goes are filled beforehand;
//  4. alias numbers start at 0, which means "no alias", and a closure may carry another number
//     already: everything is numbered again, from 1, and what cannot change gets no number.
#include "host.h"

// The buffers of moveCaptures: each starts with the address of the next.
static void** captures;

typedef void (*Visit)(txMachine* the, txSlot* slot, void* context);

static void eachSlot(txMachine* the, Visit visit, void* context) {
  for (txSlot* heap = the->firstHeap; heap; heap = heap->next) {
    txSlot* limit = heap->value.reference;
    for (txSlot* slot = heap + 1; slot < limit; slot++) visit(the, slot, context);
  }
}

static bool isArrayKind(const txSlot* slot) {
  switch (slot->kind) {
    case XS_ARGUMENTS_SLOPPY_KIND:
    case XS_ARGUMENTS_STRICT_KIND:
    case XS_ARRAY_KIND:
    case XS_STACK_KIND:
      return slot->value.array.address != NULL;
    default:
      return false;
  }
}

static txIndex itemCount(const txSlot* slot) {
  const txByte* items = (const txByte*)slot->value.array.address;
  const txChunk* chunk = (const txChunk*)(items - sizeof(txChunk));
  txIndex count = (txIndex)chunk->size / sizeof(txSlot);
  return count < slot->value.array.length ? count : slot->value.array.length;
}

// Internal slots whose chunk an alias would share with the root.
static bool ownsChunk(const txSlot* slot) {
  switch (slot->kind) {
    case XS_ARGUMENTS_SLOPPY_KIND:
    case XS_ARGUMENTS_STRICT_KIND:
    case XS_ARRAY_BUFFER_KIND:
    case XS_FINALIZATION_REGISTRY_KIND:
    case XS_GLOBAL_KIND:
    case XS_HOST_KIND:
    case XS_MAP_KIND:
    case XS_REGEXP_KIND:
    case XS_SET_KIND:
    case XS_STACK_KIND:
    case XS_TYPED_ARRAY_KIND:
    case XS_DATA_VIEW_KIND:
    case XS_WEAK_MAP_KIND:
    case XS_WEAK_REF_KIND:
    case XS_WEAK_SET_KIND:
      return true;
    default:
      return false;
  }
}

static void freezeProperty(txSlot* property) {
  property->flag |= XS_DONT_DELETE_FLAG;
  if (property->kind != XS_ACCESSOR_KIND) property->flag |= XS_DONT_SET_FLAG;
}

static void freezeInstance(txSlot* instance) {
  instance->flag |= XS_DONT_PATCH_FLAG;
  for (txSlot* property = instance->next; property; property = property->next) {
    if (property->flag & XS_INTERNAL_FLAG) {
      if (property->kind == XS_ARRAY_KIND || ownsChunk(property)) {
        property->flag |= XS_DONT_SET_FLAG;
      }
      if (isArrayKind(property)) {
        txSlot* item = property->value.array.address;
        for (txIndex i = itemCount(property); i > 0; i--) freezeProperty(item++);
      }
    } else {
      freezeProperty(property);
    }
  }
}

static bool isGlobal(const txSlot* instance) {
  return instance->next && instance->next->kind == XS_GLOBAL_KIND;
}

// Shared by every machine and changed by running (module queue, jobs): not data of the language.
static bool isEngine(txMachine* the, const txSlot* instance) {
  for (int i = mxGlobalStackIndex; i <= mxInstanceInspectorsStackIndex; i++) {
    const txSlot* slot = the->stackTop - 1 - i;
    if (slot->kind == XS_REFERENCE_KIND && slot->value.reference == instance) return true;
  }
  return false;
}

static void freezeBuiltIn(txMachine* the, txSlot* slot, void* context) {
  (void)context;
  if (slot->kind != XS_INSTANCE_KIND || isGlobal(slot) || isEngine(the, slot)) return;
  // Realms and modules carry a program or module slot; the engine itself writes to them.
  if (slot->next && (slot->next->kind == XS_PROGRAM_KIND || slot->next->kind == XS_MODULE_KIND)) {
    return;
  }
  if (!(slot->flag & XS_CAN_CALL_FLAG) && !slot->value.instance.prototype &&
      slot != mxObjectPrototype.value.reference) {
    return;
  }
  freezeInstance(slot);
}

void shareFreezeBuiltIns(txMachine* the) {
  fxCollectGarbage(the);
  eachSlot(the, freezeBuiltIn, NULL);
}

static void pinValue(txMachine* the, txSlot* slot, void* context) {
  (void)context;
  switch (slot->kind) {
    case XS_STRING_KIND: slot->kind = XS_STRING_X_KIND; break;
    case XS_KEY_KIND: slot->kind = XS_KEY_X_KIND; break;
    case XS_BIGINT_KIND: slot->kind = XS_BIGINT_X_KIND; break;
    case XS_CODE_KIND: slot->kind = XS_CODE_X_KIND; break;
    default: break;
  }
  if (isArrayKind(slot)) {
    txSlot* item = slot->value.array.address;
    for (txIndex i = itemCount(slot); i > 0; i--) pinValue(the, item++, NULL);
  }
}

static bool hasPrivate(const txSlot* instance) {
  for (const txSlot* slot = instance->next; slot; slot = slot->next) {
    if (slot->kind == XS_PRIVATE_KIND) return true;
  }
  return false;
}

static bool itemsFrozen(const txSlot* slot) {
  const txSlot* item = slot->value.array.address;
  for (txIndex i = itemCount(slot); i > 0; i--, item++) {
    if (!(item->flag & XS_DONT_DELETE_FLAG)) return false;
    if (item->kind != XS_ACCESSOR_KIND && !(item->flag & XS_DONT_SET_FLAG)) return false;
  }
  return true;
}

static bool isFrozen(const txSlot* instance) {
  if (!(instance->flag & XS_DONT_PATCH_FLAG)) return false;
  for (const txSlot* slot = instance->next; slot; slot = slot->next) {
    if (slot->kind == XS_ARRAY_KIND && !(slot->flag & XS_DONT_SET_FLAG)) return false;
    if (isArrayKind(slot) && !itemsFrozen(slot)) return false;
    if (slot->kind == XS_DATE_KIND && !(slot->flag & XS_DONT_SET_FLAG)) return false;
    if (slot->flag & XS_INTERNAL_FLAG) continue;
    if (!(slot->flag & XS_DONT_DELETE_FLAG)) return false;
    if (slot->kind != XS_ACCESSOR_KIND && !(slot->flag & XS_DONT_SET_FLAG)) return false;
  }
  return !hasPrivate(instance);
}

static bool holdsChunk(const txSlot* instance) {
  for (const txSlot* slot = instance->next; slot; slot = slot->next) {
    if (ownsChunk(slot)) return true;
  }
  return false;
}

// The root's global object stays open: a clone's own global inherits from it and may shadow its
// names. It has a table of the intrinsics that the engine fills as they are looked up, which would
// be a write to shared memory: so it is filled here, or given up when a name is missing.
static void sealGlobal(txMachine* the, txSlot* instance) {
  bool complete = true;
  for (txID id = XS_SYMBOL_ID_COUNT; id < XS_INTRINSICS_COUNT; id++) {
    if (!mxBehaviorGetProperty(the, instance, id, 0, XS_OWN)) complete = false;
  }
  if (!complete) {
    instance->flag &= ~XS_EXOTIC_FLAG;
    instance->next = instance->next->next;
  }
  instance->flag |= XS_DONT_PATCH_FLAG;
}

static txSlot* closureOf(const txSlot* slot) {
  if (slot->kind == XS_CLOSURE_KIND) return slot->value.closure;
  if (slot->kind == XS_EXPORT_KIND) return slot->value.export.closure;
  return NULL;
}

static void clearNumber(txMachine* the, txSlot* slot, void* context) {
  (void)the;
  (void)context;
  txSlot* closure = closureOf(slot);
  if (closure) closure->ID = XS_NO_ID;
}

static void giveNumber(txMachine* the, txSlot* slot, void* context) {
  txID* next = context;
  (void)the;
  if (slot->kind == XS_INSTANCE_KIND) {
    if (isGlobal(slot)) {
      slot->ID = XS_NO_ID;
      sealGlobal(the, slot);
    } else if (holdsChunk(slot)) {
      freezeInstance(slot);
    } else if (!isFrozen(slot)) {
      slot->ID = (*next)++;
      return;
    }
    slot->ID = XS_NO_ID;
    return;
  }
  txSlot* closure = closureOf(slot);
  if (!closure || closure->ID != XS_NO_ID) return;
  if (closure->flag & XS_DONT_SET_FLAG) return;
  closure->ID = (*next)++;
}

// A regular expression keeps its captures while it matches. That never calls back into JavaScript,
// so one writable buffer of the root's serves all clones; it is taken out of the shared memory.
static void moveCaptures(txMachine* the, txSlot* slot, void* context) {
  (void)the;
  (void)context;
  if (slot->kind != XS_REGEXP_KIND || !slot->value.regexp.data) return;
  txByte* data = (txByte*)slot->value.regexp.data;
  size_t size = (size_t)((txChunk*)(data - sizeof(txChunk)))->size - sizeof(txChunk);
  void** copy = malloc(sizeof(void*) * 2 + size);
  if (!copy) _exit(70);
  copy[0] = captures;
  captures = copy;
  memcpy(copy + 2, data, size);
  slot->value.regexp.data = (txInteger*)(copy + 2);
}

void shareClose(void) {
  while (captures) {
    void** next = captures[0];
    free(captures);
    captures = next;
  }
}

void shareRoot(txMachine* the) {
  txID next = 1;
  eachSlot(the, pinValue, NULL);
  eachSlot(the, moveCaptures, NULL);
  for (txSlot* slot = the->stack; slot < the->stackTop; slot++) pinValue(the, slot, NULL);
  eachSlot(the, clearNumber, NULL);
  eachSlot(the, giveNumber, &next);
  the->aliasCount = next;
}
