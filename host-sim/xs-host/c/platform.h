// SPDX-License-Identifier: Apache-2.0
//
// The platform header that XS includes (XSPLATFORM). It says which of the engine's defaults are
// replaced by this program: memory (arena.c), modules and parsing (modules.c), abort and promise
// jobs (clones.c).
#ifndef WATTLE_XS_PLATFORM_H
#define WATTLE_XS_PLATFORM_H

#if !defined(__GNUC__) || !(defined(__linux__) || defined(__APPLE__))
#error xs-host needs gcc or clang on Linux or macOS
#endif

#undef mxLittleEndian
#define mxLittleEndian 1
#ifdef __linux__
#undef mxLinux
#define mxLinux 1
#else
#undef mxMacOSX
#define mxMacOSX 1
#endif

#define mxExport extern
#define mxImport extern
#define XS_FUNCTION_NORETURN __attribute__((noreturn))

#include <arpa/inet.h>
#include <ctype.h>
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define mxUseGCCAtomics 1
#define mxUsePOSIXThreads 1

// What the engine keeps for us in each machine. The node pointer is kept beside `context`, because
// the engine clears `context` before it gives back the memory.
#define mxMachinePlatform \
  void* node; \
  int promiseJobs; \
  void* waiterCondition; \
  void* waiterData; \
  void* waiterLink;

#define mxUseDefaultBuildKeys 1
#define mxUseDefaultSharedChunks 1
#ifdef mxDebug
// The default debugger port is a stub: nothing connects to xsbug.
#define mxUseDefaultDebug 1
#endif

// Sanitized frames are several times larger, so the C stack check needs more room below it.
#ifdef __SANITIZE_ADDRESS__
#define mxASANStackMargin (512 * 1024)
#endif

#endif
