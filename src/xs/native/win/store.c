// SPDX-License-Identifier: Apache-2.0
/*
 * A key-value store of files (Windows) for the simulator: one folder a node, one file a key. A value is
 * written beside the old one, flushed and moved over it.
 */
#include <direct.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define PATH_MAX_BYTES 1024

static char folder[PATH_MAX_BYTES];

static int path_of(char *path, const char *key, const char *suffix) {
  int length = snprintf(path, PATH_MAX_BYTES, "%s\\%s%s", folder, key, suffix);
  return length > 0 && length < PATH_MAX_BYTES ? 0 : -1;
}

static HANDLE open_to_read(const char *path) {
  return CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
}

/* Opens (and makes) the folder `path`, whose parent exists. 0, or errno. */
int32_t wattle_store_open(char *path) {
  if (strlen(path) + 64 > sizeof folder) return ENAMETOOLONG;
  if (_mkdir(path) != 0 && errno != EEXIST) return errno;
  strcpy(folder, path);
  return 0;
}

/* Length of a value in bytes, or -1 where the key is not there. */
int32_t wattle_store_size(char *key) {
  char path[PATH_MAX_BYTES];
  if (path_of(path, key, "") != 0) return -1;
  HANDLE file = open_to_read(path);
  if (file == INVALID_HANDLE_VALUE) return -1;
  DWORD size = GetFileSize(file, NULL);
  CloseHandle(file);
  return size == INVALID_FILE_SIZE ? -1 : (int32_t)size;
}

/* Reads a value of `length` bytes. 0, or errno. */
int32_t wattle_store_read(char *key, uint8_t *buffer, uint32_t length) {
  char path[PATH_MAX_BYTES];
  DWORD got = 0;
  if (path_of(path, key, "") != 0) return ENAMETOOLONG;
  HANDLE file = open_to_read(path);
  if (file == INVALID_HANDLE_VALUE) return ENOENT;
  BOOL fine = ReadFile(file, buffer, length, &got, NULL);
  CloseHandle(file);
  return fine && got == length ? 0 : EIO;
}

/* Replaces a value; durable on return. 0, or errno. */
int32_t wattle_store_write(char *key, uint8_t *buffer, uint32_t offset, uint32_t length) {
  char path[PATH_MAX_BYTES], temporary[PATH_MAX_BYTES];
  DWORD put = 0;
  if (path_of(path, key, "") != 0 || path_of(temporary, key, ".tmp") != 0) return ENAMETOOLONG;
  HANDLE file = CreateFileA(temporary, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
  if (file == INVALID_HANDLE_VALUE) return EIO;
  BOOL fine = WriteFile(file, buffer + offset, length, &put, NULL) && FlushFileBuffers(file);
  CloseHandle(file);
  if (!fine || put != length) return ENOSPC;
  DWORD flags = MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH;
  return MoveFileExA(temporary, path, flags) ? 0 : EIO;
}

/* Removes a key; one that is not there is no fault. 0, or errno. */
int32_t wattle_store_delete(char *key) {
  char path[PATH_MAX_BYTES];
  if (path_of(path, key, "") != 0) return ENAMETOOLONG;
  return DeleteFileA(path) || GetLastError() == ERROR_FILE_NOT_FOUND ? 0 : EIO;
}

/* The keys, one a line; the caller's glue frees the text. NULL where the folder cannot be read. */
char *wattle_store_keys(void) {
  char pattern[PATH_MAX_BYTES];
  WIN32_FIND_DATAA entry;
  if (path_of(pattern, "*", "") != 0) return NULL;
  HANDLE listing = FindFirstFileA(pattern, &entry);
  if (listing == INVALID_HANDLE_VALUE) return NULL;
  size_t used = 0, size = 256;
  char *text = malloc(size);
  do {
    size_t length = strlen(entry.cFileName);
    if (entry.cFileName[0] == '.' || (length > 4 && !strcmp(entry.cFileName + length - 4, ".tmp"))) continue;
    if (text && used + length + 2 > size) {
      size = 2 * size + length;
      char *larger = realloc(text, size);
      if (!larger) free(text);
      text = larger;
    }
    if (!text) break;
    memcpy(text + used, entry.cFileName, length);
    used += length;
    text[used++] = '\n';
  } while (FindNextFileA(listing, &entry));
  FindClose(listing);
  if (text) text[used] = 0;
  return text;
}
