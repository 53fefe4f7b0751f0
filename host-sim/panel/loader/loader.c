// SPDX-License-Identifier: Apache-2.0
//
// Runs an app of the Moddable SDK's desktop simulator (mc.so) without a window: lines of standard input go to
// the app's screen.onMessage, and what it says with screen.postMessage comes out as lines. What it traces goes
// to standard error. The SDK's screen.h is needed to build this and says what an app expects of a screen.
//
//   loader <mc.so>
//
// A power cut ({"press":"power-cut"}) replaces the process by a new one of itself: memory, timers and sockets
// go without a goodbye. Ends with its input, or with status 1 where the app aborts.
#include <dlfcn.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "screen.h"

// Longer lines are no messages of a panel; they are refused whole.
#define LINE_BYTES_MAX 4096
// The app draws nothing, but may ask for its screen's size.
#define SCREEN_SIDE 16
// More files and sockets than an app opens.
#define FILES_MAX 1024

static char** arguments;
static GMainLoop* loop;
static txScreen* screen;
static guint timer;
static FILE* messages;
static int status;

static char line[LINE_BYTES_MAX];
static size_t length;
static gboolean overlong;

static void powerCut(void) {
  dup2(fileno(messages), STDOUT_FILENO);
  for (int file = STDERR_FILENO + 1; file < FILES_MAX; file++) close(file);
  execv("/proc/self/exe", arguments);
  perror("loader: cannot start again");
  _exit(1);
}

static void lineRead(void) {
  if (overlong) {
    fprintf(messages, "{\"error\":\"a message has at most %d bytes\"}\n", LINE_BYTES_MAX - 1);
    return;
  }
  line[length] = 0;
  // No other message of the protocol holds this word.
  if (strstr(line, "\"power-cut\"")) powerCut();
  if (screen->invoke) (*screen->invoke)(screen, line, 0);
}

// Byte by byte: what follows a power cut stays in the pipe for the process that comes after.
static gboolean onInput(gint file, GIOCondition condition, gpointer data) {
  (void)condition, (void)data;
  char byte;
  if (read(file, &byte, 1) != 1) {
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
  }
  if (byte == '\n') {
    if (length > 0 || overlong) lineRead();
    length = 0;
    overlong = FALSE;
  } else if (length < LINE_BYTES_MAX - 1) {
    line[length++] = byte;
  } else {
    overlong = TRUE;
  }
  return G_SOURCE_CONTINUE;
}

static gboolean onSignal(gpointer data) {
  (void)data;
  g_main_loop_quit(loop);
  return G_SOURCE_CONTINUE;
}

static gboolean onIdle(gpointer data) {
  (void)data;
  if (screen->idle) (*screen->idle)(screen);
  return G_SOURCE_CONTINUE;
}

// What the app asks of its screen: six calls.

static void onPost(txScreen* it, char* message, int size) {
  (void)it;
  if (size == 0) fprintf(messages, "%s\n", message);  // else bytes, which no panel reads
}

static void onStart(txScreen* it, double intervalMs) {
  (void)it;
  if (!timer) timer = g_timeout_add(intervalMs > 1 ? (guint)intervalMs : 1, onIdle, NULL);
}

static void onStop(txScreen* it) {
  (void)it;
  if (timer) g_source_remove(timer);
  timer = 0;
}

static void onAbort(txScreen* it, int reason) {
  (void)it;
  fprintf(stderr, "loader: the app aborted (%d)\n", reason);
  status = 1;
  g_main_loop_quit(loop);
}

static void onChanged(txScreen* it) { (void)it; }

static txScreen* newScreen(void) {
  txScreen* it = calloc(1, sizeof(txScreen) + SCREEN_SIDE * SCREEN_SIDE * screenBytesPerPixel);
  if (!it) return NULL;
  it->width = SCREEN_SIDE;
  it->height = SCREEN_SIDE;
  it->abort = onAbort;
  it->bufferChanged = onChanged;
  it->formatChanged = onChanged;
  it->post = onPost;
  it->start = onStart;
  it->stop = onStop;
  mxCreateMutex(&it->workersMutex);
  return it;
}

static txScreenLaunchProc openApp(const char* path) {
  void* library = dlopen(path, RTLD_NOW);
  void* launch = library ? dlsym(library, "fxScreenLaunch") : NULL;
  if (!launch) fprintf(stderr, "loader: %s\n", dlerror());
  return (txScreenLaunchProc)launch;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: loader <mc.so>\n");
    return 2;
  }
  arguments = argv;
  signal(SIGPIPE, SIG_IGN);
  messages = fdopen(dup(STDOUT_FILENO), "w");
  txScreenLaunchProc launch = openApp(argv[1]);
  screen = newScreen();
  loop = g_main_loop_new(NULL, FALSE);
  if (!messages || !launch || !screen) return 2;
  setvbuf(messages, NULL, _IOLBF, BUFSIZ);
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  (*launch)(screen);
  if (!screen->machine || status) {
    fprintf(stderr, "loader: the app did not start\n");
    return 1;
  }
  g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP, onInput, NULL);
  g_unix_signal_add(SIGINT, onSignal, NULL);
  g_unix_signal_add(SIGTERM, onSignal, NULL);
  g_main_loop_run(loop);
  if (screen->quit && !status) (*screen->quit)(screen);
  return status;
}
