// SPDX-License-Identifier: Apache-2.0
//
// Module sources are compiled once, in the root machine. The bytecode is then tied to the root's
// keys and rewritten to run in place, so that every clone executes the same read-only bytes.
#include "host.h"

// Exported by xsRun.c, declared in no header: replaces the symbol numbers in code by key numbers.
extern void fxRemapIDs(txMachine* the, txByte* code, txSize size, txID* ids);

enum { MAX_MODULES = 1024, MAX_ERROR = 2048 };

typedef struct {
  char* name;
  char* source;
  size_t size;
  bool preload;
  txScript* script;
} Module;

typedef struct {
  const uint8_t* at;
  const uint8_t* end;
} Reader;

static Module modules[MAX_MODULES];
static int moduleCount;
static char error[MAX_ERROR];
static char* entryName;
static Node rootNode;

static char* copyText(const char* text, size_t size) {
  char* result = malloc(size + 1);
  if (!result) _exit(70);
  memcpy(result, text, size);
  result[size] = 0;
  return result;
}

static Module* findModule(const char* name, size_t size) {
  for (int i = 0; i < moduleCount; i++) {
    if (strlen(modules[i].name) == size && !memcmp(modules[i].name, name, size)) return &modules[i];
  }
  return NULL;
}

const char* modulesEntry(void) { return entryName; }
const char* modulesError(void) { return error; }
txMachine* modulesRoot(void) { return rootNode.machine; }

bool modulesLoad(const char* name, size_t nameSize, const char* source, size_t sourceSize) {
  if (moduleCount == MAX_MODULES || findModule(name, nameSize)) {
    snprintf(error, sizeof(error), "module %.*s: %s", (int)nameSize, name,
             moduleCount == MAX_MODULES ? "too many modules" : "loaded twice");
    return false;
  }
  Module* module = &modules[moduleCount++];
  module->name = copyText(name, nameSize);
  module->source = copyText(source, sourceSize);
  module->size = sourceSize;
  return true;
}

void modulesPreload(const char* name, size_t nameSize) {
  Module* module = findModule(name, nameSize);
  if (module) {
    module->preload = true;
  } else {
    snprintf(error, sizeof(error), "preload: no module %.*s", (int)nameSize, name);
  }
}

static int readByte(void* stream) {
  Reader* reader = stream;
  return reader->at < reader->end ? *reader->at++ : C_EOF;
}

static void reportError(void* console, txString path, txInteger line, txString format,
                        c_va_list arguments) {
  (void)console;
  if (error[0]) return;
  int used = snprintf(error, sizeof(error), "%s:%d: ", path ? path : "?", (int)line);
  if (used <= 0 || used >= MAX_ERROR) return;
  vsnprintf(error + used, sizeof(error) - used, format, arguments);
}

static txScript* compile(txMachine* the, Module* module) {
  txParser parser;
  txParserJump jump;
  txScript* volatile script = NULL;
  txString map = NULL;
  Reader reader = {(uint8_t*)module->source, (uint8_t*)module->source + module->size};
#ifdef mxDebug
  txUnsigned flags = mxDebugFlag;
#else
  txUnsigned flags = 0;
#endif
  fxInitializeParser(&parser, the, the->parserBufferSize, the->parserTableModulo);
  parser.reportError = reportError;
  parser.firstJump = &jump;
  if (c_setjmp(jump.jmp_buf) == 0) {
    parser.path = fxNewParserSymbol(&parser, module->name);
    fxParserTree(&parser, &reader, readByte, flags, &map);
    fxParserHoist(&parser);
    fxParserBind(&parser);
    script = fxParserCode(&parser);
  }
  fxTerminateParser(&parser);
  if (script && error[0]) {
    // The parser turns an error into code that throws it; here it is an error of the build.
    fxDeleteScript(script);
    return NULL;
  }
  return script;
}

// The opcodes that copy their operand (nested functions, string constants) into the heap have twins
// that refer to it in place. With them a clone holds no code and no string constant of its own.
static void useInPlace(txByte* code, txSize size) {
  txU1* at = (txU1*)code;
  txU1* end = at + size;
  while (at < end) {
    txS1 length = gxCodeSizes[*at];
    switch (*at) {
      case XS_CODE_CODE_1: *at = XS_CODE_CODE_ARCHIVE_1; break;
      case XS_CODE_CODE_2: *at = XS_CODE_CODE_ARCHIVE_2; break;
      case XS_CODE_CODE_4: *at = XS_CODE_CODE_ARCHIVE_4; break;
      case XS_CODE_STRING_1: *at = XS_CODE_STRING_ARCHIVE_1; break;
      case XS_CODE_STRING_2: *at = XS_CODE_STRING_ARCHIVE_2; break;
      case XS_CODE_STRING_4: *at = XS_CODE_STRING_ARCHIVE_4; break;
      default: break;
    }
    if (length > 0) {
      at += length;
    } else if (length == 0) {
      at += 1 + sizeof(txID);
    } else if (length == -1) {
      at += 2 + at[1];
    } else if (length == -2) {
      txU2 operand;
      memcpy(&operand, at + 1, 2);
      at += 3 + operand;
    } else {
      txS4 operand;
      memcpy(&operand, at + 1, 4);
      at += 5 + operand;
    }
  }
}

// Enters the module's symbols in the root's key table and puts their numbers into the code.
static void bindKeys(txMachine* the, txScript* script) {
  txU1* at = (txU1*)script->symbolsBuffer;
  txID count;
  if (!at) return;
  memcpy(&count, at, sizeof(count));
  at += sizeof(count);
  txID* ids = calloc(count, sizeof(txID));
  if (!ids) _exit(70);
  ids[0] = XS_NO_ID;
  for (txID i = 1; i < count; i++) {
    ids[i] = fxNewNameC(the, (txString)at);
    at += strlen((char*)at) + 1;
  }
  fxRemapIDs(the, script->codeBuffer, script->codeSize, ids);
  free(ids);
  c_free(script->symbolsBuffer);
  script->symbolsBuffer = NULL;
  script->symbolsSize = 0;
}

static void compileAll(txMachine* the, void* context) {
  (void)context;
  for (int i = 0; i < moduleCount && !error[0]; i++) {
    Module* module = &modules[i];
    module->script = compile(the, module);
    if (!module->script) {
      if (!error[0]) snprintf(error, sizeof(error), "%s: cannot be compiled", module->name);
      return;
    }
    module->script->path = module->name;
    bindKeys(the, module->script);
    useInPlace(module->script->codeBuffer, module->script->codeSize);
    fxNewNameC(the, module->name);
    free(module->source);
    module->source = NULL;
  }
}

static void preloadOne(txMachine* the, void* context) {
  Module* module = context;
  fxBeginHost(the);
  mxPushStringC(module->name);
  fxAwaitImport(the, XS_IMPORT_NAMESPACE);
  mxPop();
  fxEndHost(the);
  guardJobs(the);
}

static void freezeBuiltIns(txMachine* the, void* context) {
  (void)context;
  portsNames(the);
  shareFreezeBuiltIns(the);
}

static void share(txMachine* the, void* context) {
  (void)context;
  fxShareMachine(the);
  shareRoot(the);
}

static bool rootStep(Body body, void* context) {
  if (guardRun(&rootNode, body, context) && !error[0]) return true;
  if (!error[0]) snprintf(error, sizeof(error), "%s", rootNode.reason);
  return false;
}

bool modulesStart(const char* entry, size_t entrySize, bool freeze) {
  txCreation creation = {
    .initialChunkSize = 1 << 20, .incrementalChunkSize = 1 << 20,
    .initialHeapCount = 1 << 15, .incrementalHeapCount = 1 << 14,
    .stackCount = 8192, .initialKeyCount = 4096, .incrementalKeyCount = 1024,
    .nameModulo = 257, .symbolModulo = 11,
    .parserBufferSize = 1 << 16, .parserTableModulo = 1993,
  };
  if (error[0]) return false;
  if (!findModule(entry, entrySize)) {
    snprintf(error, sizeof(error), "entry: no module %.*s", (int)entrySize, entry);
    return false;
  }
  entryName = copyText(entry, entrySize);
  rootNode.isRoot = 1;
  rootNode.creation.meterLimit = 1e12;
  if (!fxCreateMachine(&creation, "root", &rootNode, XS_NO_ID)) {
    snprintf(error, sizeof(error), "the root machine cannot be created");
    return false;
  }
  if (freeze && !rootStep(freezeBuiltIns, NULL)) return false;
  if (!rootStep(compileAll, NULL)) return false;
  for (int i = 0; i < moduleCount; i++) {
    if (modules[i].preload && !rootStep(preloadOne, &modules[i])) return false;
  }
  if (!rootStep(share, NULL)) return false;
  guardShared();
  return true;
}

void modulesClose(void) {
  arenaProtect(false);
  if (rootNode.machine) fxDeleteMachine(rootNode.machine);
  shareClose();
  for (int i = 0; i < moduleCount; i++) {
    free(modules[i].name);
    free(modules[i].source);
    if (modules[i].script) {
      modules[i].script->path = NULL;
      fxDeleteScript(modules[i].script);
    }
  }
  free(entryName);
}

// Specifiers: a bare name is a module's name; ./ and ../ are resolved against the importer's name.
// A final .js may be left out or put in.
txID fxFindModule(txMachine* the, txSlot* realm, txID moduleID, txSlot* slot) {
  char name[512];
  char path[1024] = "";
  const char* rest = name;
  (void)realm;
  fxToStringBuffer(the, slot, name, sizeof(name));
  if (name[0] == '.') {
    if (moduleID == XS_NO_ID) return XS_NO_ID;
    snprintf(path, sizeof(path) - sizeof(name), "%s", fxGetKeyName(the, moduleID));
    char* slash = strrchr(path, '/');
    if (slash) slash[1] = 0; else path[0] = 0;
    while (rest[0] == '.') {
      if (!strncmp(rest, "./", 2)) {
        rest += 2;
      } else if (!strncmp(rest, "../", 3)) {
        rest += 3;
        size_t length = strlen(path);
        if (length) path[length - 1] = 0;
        slash = strrchr(path, '/');
        if (slash) slash[1] = 0; else path[0] = 0;
      } else {
        break;
      }
    }
  }
  strncat(path, rest, sizeof(path) - strlen(path) - 4);
  Module* module = findModule(path, strlen(path));
  if (!module) {
    char* dot = strrchr(path, '.');
    if (dot && !strcmp(dot, ".js")) *dot = 0; else strcat(path, ".js");
    module = findModule(path, strlen(path));
  }
  return module ? fxNewNameC(the, module->name) : XS_NO_ID;
}

void fxLoadModule(txMachine* the, txSlot* slot, txID moduleID) {
  txString name = fxGetKeyName(the, moduleID);
  Module* module = name ? findModule(name, strlen(name)) : NULL;
  if (module && module->script) {
    fxResolveModule(the, slot, moduleID, module->script, C_NULL, C_NULL);
  }
}

// eval and new Function. A clone has no parser, for the device should need none; but this can be
// caught, because libraries try `new Function` to find out whether they may (cbor-x does).
txScript* fxParseScript(txMachine* the, void* stream, txGetter getter, txUnsigned flags) {
  (void)stream;
  (void)getter;
  (void)flags;
  mxEvalError("there is no parser: no eval, no new Function");
  return NULL;
}
