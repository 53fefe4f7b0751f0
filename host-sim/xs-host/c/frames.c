// SPDX-License-Identifier: Apache-2.0
//
// Length-prefixed frames on stdin and stdout: u32 length of what follows, u8 op, payload; all
// little-endian. Output is gathered and written when the program is about to wait for input.
#include "host.h"

#include <errno.h>
#include <fcntl.h>

typedef struct {
  uint8_t* data;
  size_t start;  // first byte not yet consumed
  size_t scan;   // first byte not yet searched for a reply
  size_t end;
  size_t capacity;
} Input;

typedef struct {
  uint8_t* data;
  size_t end;
  size_t frame;  // where the frame being written starts
  size_t capacity;
} Output;

static Input in;
static Output out;
static int outFile = -1;

enum { READ_SIZE = 1 << 18, FLUSH_SIZE = 1 << 17, MAX_FRAME = 1 << 28 };

static void* grow(void* data, size_t size) {
  void* result = realloc(data, size);
  if (!result) {
    fprintf(stderr, "xs-host: out of memory for frames (%zu bytes)\n", size);
    _exit(70);
  }
  return result;
}

// The engine, and whatever C library code runs below it, may print to stdout. Frames therefore go
// to a private copy of that descriptor, and descriptor 1 becomes stderr.
void framesOpen(void) {
  outFile = dup(1);
  if (outFile < 0 || dup2(2, 1) < 0) _exit(71);
  in.capacity = READ_SIZE;
  in.data = grow(NULL, in.capacity);
  out.capacity = FLUSH_SIZE * 2;
  out.data = grow(NULL, out.capacity);
}

void framesClose(void) {
  framesFlush();
  free(in.data);
  free(out.data);
  close(outFile);
}

void framesFlush(void) {
  size_t sent = 0;
  while (sent < out.end) {
    ssize_t count = write(outFile, out.data + sent, out.end - sent);
    if (count < 0) {
      if (errno == EINTR) continue;
      break;  // the driver is gone: the next read says so too
    }
    sent += (size_t)count;
  }
  out.end = 0;
}

// Appends what the pipe has; false at the end of the input.
static bool fill(void) {
  // Under constant load the main loop never finds the input empty: what was read makes room here.
  if (in.capacity - in.end < READ_SIZE / 2 && in.start > 0) {
    memmove(in.data, in.data + in.start, in.end - in.start);
    in.end -= in.start;
    in.scan -= in.start;
    in.start = 0;
  }
  if (in.capacity - in.end < READ_SIZE / 2) {
    in.capacity *= 2;
    in.data = grow(in.data, in.capacity);
  }
  for (;;) {
    ssize_t count = read(0, in.data + in.end, in.capacity - in.end);
    if (count > 0) {
      in.end += (size_t)count;
      return true;
    }
    if (count < 0 && errno == EINTR) continue;
    return false;
  }
}

// Looks at the frame at `*at` without waiting; advances `*at` behind it when it is complete.
static bool peek(size_t* at, Frame* frame) {
  size_t left = in.end - *at;
  if (left < 5) return false;
  uint32_t length = readU32(in.data + *at);
  if (length < 1 || length > MAX_FRAME) {
    fprintf(stderr, "xs-host: bad frame length %u\n", length);
    _exit(72);
  }
  if (left - 4 < length) return false;
  frame->op = in.data[*at + 4];
  frame->data = in.data + *at + 5;
  frame->size = length - 1;
  *at += 4 + (size_t)length;
  return true;
}

// The next frame, in order. Only the main loop calls it, between events.
bool framesNext(Frame* frame) {
  for (;;) {
    while (peek(&in.start, frame)) {
      if (in.scan < in.start) in.scan = in.start;
      if (frame->op != OP_NONE) return true;
    }
    if (in.start > 0) {
      memmove(in.data, in.data + in.start, in.end - in.start);
      in.end -= in.start;
      in.scan -= in.start;
      in.start = 0;
    }
    framesFlush();
    if (!fill()) return false;
  }
}

// The reply to a call. Frames that come before it stay queued for the main loop; the reply is
// blanked where it lies, so that the main loop passes over it.
bool framesReply(Frame* frame) {
  framesFlush();
  for (;;) {
    size_t at = in.scan;
    while (peek(&in.scan, frame)) {
      if (frame->op == OP_REPLY) {
        in.data[at + 4] = OP_NONE;
        return true;
      }
      at = in.scan;
    }
    if (!fill()) return false;
  }
}

static void put(const void* data, size_t size) {
  if (out.capacity - out.end < size) {
    while (out.capacity - out.end < size) out.capacity *= 2;
    out.data = grow(out.data, out.capacity);
  }
  if (size) memcpy(out.data + out.end, data, size);
  out.end += size;
}

void frameBegin(uint8_t op) {
  out.frame = out.end;
  frameU32(0);
  frameU8(op);
}

void frameU8(uint8_t value) { put(&value, 1); }

void frameU32(uint32_t value) {
  uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                      (uint8_t)(value >> 24)};
  put(bytes, 4);
}

// XS itself supports little-endian machines only in this build (platform.h).
void frameF64(double value) { put(&value, 8); }

void frameBytes(const void* data, size_t size) { put(data, size); }

void frameText(const char* text) { put(text, strlen(text)); }

void frameEnd(void) {
  uint32_t length = (uint32_t)(out.end - out.frame - 4);
  uint8_t* at = out.data + out.frame;
  at[0] = (uint8_t)length;
  at[1] = (uint8_t)(length >> 8);
  at[2] = (uint8_t)(length >> 16);
  at[3] = (uint8_t)(length >> 24);
  if (out.end >= FLUSH_SIZE) framesFlush();
}

uint32_t readU32(const uint8_t* data) {
  return (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
         (uint32_t)data[3] << 24;
}

double readF64(const uint8_t* data) {
  double value;
  memcpy(&value, data, 8);
  return value;
}
