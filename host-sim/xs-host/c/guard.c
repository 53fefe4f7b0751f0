// SPDX-License-Identifier: Apache-2.0
//
// Running code of a machine so that nothing it does goes further than that machine. The engine ends
// a machine by fxAbort; that jumps to the outermost jump buffer, which is always the one set here.
#include "host.h"

#include <signal.h>

static Node* running;

static int exitOf(int status) {
  switch (status) {
    case XS_NOT_ENOUGH_MEMORY_EXIT: return EXIT_MEMORY;
    case XS_STACK_OVERFLOW_EXIT: return EXIT_STACK;
    case XS_DEAD_STRIP_EXIT: return EXIT_DEAD_STRIP;
    case XS_UNHANDLED_EXCEPTION_EXIT: return EXIT_EXCEPTION;
    case XS_UNHANDLED_REJECTION_EXIT: return EXIT_REJECTION;
    case XS_NO_MORE_KEYS_EXIT: return EXIT_KEYS;
    case XS_TOO_MUCH_COMPUTATION_EXIT: return EXIT_METER;
    default: return EXIT_OTHER;
  }
}

static const char* exitText(int reason) {
  switch (reason) {
    case EXIT_EXCEPTION: return "uncaught exception";
    case EXIT_REJECTION: return "unhandled rejection";
    case EXIT_MEMORY: return "memory full";
    case EXIT_STACK: return "stack overflow";
    case EXIT_METER: return "meter exhausted";
    case EXIT_KEYS: return "not enough keys";
    case EXIT_DEAD_STRIP: return "dead strip";
    case EXIT_SHARED: return "wrote to the read-only memory that all nodes share";
    default: return "engine abort";
  }
}

// The names of the functions that were running, innermost first. Allocates nothing, because it is
// called when memory, stack or meter are at their end.
static void traceFrames(txMachine* the, Node* node) {
  size_t used = 0;
  node->trace[0] = 0;
  txSlot* frame = the->frame;
  for (int depth = 0; frame && frame->next && depth < 6; depth++, frame = frame->next) {
    char name[64] = "";
    fxBufferFrameName(the, name, sizeof(name), frame, "");
    int length = snprintf(node->trace + used, sizeof(node->trace) - used, "\n at %s", name);
#ifdef mxDebug
    txSlot* environment = mxFrameToEnvironment(frame);
    txString path = environment->ID != XS_NO_ID ? fxGetKeyName(the, environment->ID) : NULL;
    if (path && length > 0 && used + length < sizeof(node->trace)) {
      used += length;
      length = snprintf(node->trace + used, sizeof(node->trace) - used, " (%s:%d)", path,
                        (int)environment->value.environment.line);
    }
#endif
    if (length < 0 || used + length >= sizeof(node->trace)) break;
    used += length;
  }
}

void fxAbort(txMachine* the, int status) {
  Node* node = the->node;
  if (!the->firstJump) {
    fprintf(stderr, "xs-host: abort %d outside of a guard\n", status);
    _exit(73);
  }
  if (node->exit == EXIT_NONE) {
    node->exit = exitOf(status);
    char here;
    // A full C stack may mean that the collector was at work and its pointers are turned round.
    bool safe = status != XS_STACK_OVERFLOW_EXIT || &here > the->stackLimit + (64 << 10);
    if (safe) traceFrames(the, node);
  }
  fxExitToHost(the);
}

// What a thrown value says: an Error's stack (with name and message), or the value as text.
static void describe(txMachine* the, void* context) {
  Node* node = context;
  size_t used = strlen(node->reason);
  fxBeginHost(the);
  mxPush(mxException);
  if (the->stack->kind == XS_REFERENCE_KIND) {
    mxPush(mxException);
    fxGetID(the, fxFindName(the, "stack"));
    if (!mxIsStringPrimitive(the->stack)) {
      mxPop();
      mxPush(mxException);
    }
  }
  snprintf(node->reason + used, sizeof(node->reason) - used, ": %s", fxToString(the, the->stack));
  fxEndHost(the);
}

static bool guarded(Node* node, Body body, void* context) {
  txMachine* the = node->machine;
  volatile bool done = false;
  running = node;
  mxTry(the) {
    (*body)(the, context);
    done = true;
  }
  mxCatch(the) {
    if (node->exit == EXIT_NONE) node->exit = EXIT_EXCEPTION;
  }
  running = NULL;
  return done;
}

// A write to the shared root would reach every node. Its pages are read-only, so it ends here, and
// with the node that did it. Anything else is a crash and stays one.
static void onFault(int number, siginfo_t* info, void* context) {
  (void)context;
  if (running && !running->isRoot && running->exit == EXIT_NONE && arenaIsShared(info->si_addr)) {
    running->exit = EXIT_SHARED;
    running->trace[0] = 0;
    traceFrames(running->machine, running);
    fxExitToHost(running->machine);
  }
  signal(number, SIG_DFL);
}

void guardShared(void) {
  struct sigaction action = {.sa_sigaction = onFault, .sa_flags = SA_SIGINFO | SA_NODEFER};
  arenaProtect(true);
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
}

bool guardRun(Node* node, Body body, void* context) {
  node->exit = EXIT_NONE;
  statsMeterBegin(node);
  bool done = guarded(node, body, context);
  statsMeterEnd(node);
  if (done) return true;
  int reason = node->exit;
  snprintf(node->reason, sizeof(node->reason), "%s", exitText(reason));
  if (reason == EXIT_EXCEPTION || reason == EXIT_REJECTION) {
    // Only here is the machine fit to run code: toString and the stack getter are JavaScript calls.
    double limit = node->creation.meterLimit;
    node->creation.meterLimit = 1e6;
    node->exit = EXIT_NONE;
    statsMeterBegin(node);
    guarded(node, describe, node);
    node->creation.meterLimit = limit;
    node->exit = reason;
  } else {
    size_t used = strlen(node->reason);
    snprintf(node->reason + used, sizeof(node->reason) - used, "%s", node->trace);
  }
  return false;
}

// All promise jobs, then the verdict on rejections that nobody handled.
void guardJobs(txMachine* the) {
  while (the->promiseJobs) {
    the->promiseJobs = 0;
    fxRunPromiseJobs(the);
  }
  fxEndJob(the);
  // fxEndJob reports only promises that were collected; at the end of an event any is a failure.
  fxCheckUnhandledRejections(the, 1);
}

void fxQueuePromiseJobs(txMachine* the) { the->promiseJobs = 1; }
