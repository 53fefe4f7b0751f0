// SPDX-License-Identifier: Apache-2.0
/*
 * A key-value store of files for the simulator: one folder a node, one file a key. A value is written beside
 * the old one, synced and renamed over it, so that a power cut leaves the one or the other.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_MAX_BYTES 1024

static char folder[PATH_MAX_BYTES];

static int path_of(char *path, const char *key, const char *suffix) {
  int length = snprintf(path, PATH_MAX_BYTES, "%s/%s%s", folder, key, suffix);
  return length > 0 && length < PATH_MAX_BYTES ? 0 : -1;
}

static int sync_folder(void) {
  int fd = open(folder, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return -1;
  int result = fsync(fd);
  close(fd);
  return result;
}

/* Opens (and makes) the folder `path`. 0, or errno. */
int32_t wattle_store_open(char *path) {
  if (strlen(path) + 64 > sizeof folder) return ENAMETOOLONG;
  char part[PATH_MAX_BYTES];
  strcpy(part, path);
  for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    if (mkdir(part, 0700) != 0 && errno != EEXIST) return errno;
    *slash = '/';
  }
  if (mkdir(part, 0700) != 0 && errno != EEXIST) return errno;
  strcpy(folder, path);
  return 0;
}

/* Length of a value in bytes, or -1 where the key is not there. */
int32_t wattle_store_size(char *key) {
  char path[PATH_MAX_BYTES];
  struct stat facts;
  if (path_of(path, key, "") != 0 || stat(path, &facts) != 0) return -1;
  return (int32_t)facts.st_size;
}

/* Reads a value of `length` bytes. 0, or errno. */
int32_t wattle_store_read(char *key, uint8_t *buffer, uint32_t length) {
  char path[PATH_MAX_BYTES];
  if (path_of(path, key, "") != 0) return ENAMETOOLONG;
  int fd = open(path, O_RDONLY);
  if (fd < 0) return errno;
  ssize_t got = read(fd, buffer, length);
  close(fd);
  return got == (ssize_t)length ? 0 : EIO;
}

/* Replaces a value; durable on return. 0, or errno. */
int32_t wattle_store_write(char *key, uint8_t *buffer, uint32_t offset, uint32_t length) {
  char path[PATH_MAX_BYTES], temporary[PATH_MAX_BYTES];
  if (path_of(path, key, "") != 0 || path_of(temporary, key, ".tmp") != 0) return ENAMETOOLONG;
  int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0) return errno;
  ssize_t put = write(fd, buffer + offset, length);
  int failed = put == (ssize_t)length ? (fsync(fd) == 0 ? 0 : errno) : ENOSPC;
  close(fd);
  if (failed) return failed;
  if (rename(temporary, path) != 0) return errno;
  return sync_folder() == 0 ? 0 : errno;
}

/* Removes a key; one that is not there is no fault. 0, or errno. */
int32_t wattle_store_delete(char *key) {
  char path[PATH_MAX_BYTES];
  if (path_of(path, key, "") != 0) return ENAMETOOLONG;
  if (unlink(path) != 0) return errno == ENOENT ? 0 : errno;
  return sync_folder() == 0 ? 0 : errno;
}

/* The keys, one a line; the caller's glue frees the text. NULL where the folder cannot be read. */
char *wattle_store_keys(void) {
  DIR *listing = opendir(folder);
  if (!listing) return NULL;
  size_t used = 0, size = 256;
  char *text = malloc(size);
  for (struct dirent *entry; text && (entry = readdir(listing));) {
    size_t length = strlen(entry->d_name);
    if (entry->d_name[0] == '.' || (length > 4 && !strcmp(entry->d_name + length - 4, ".tmp"))) continue;
    if (used + length + 2 > size) {
      size = 2 * size + length;
      char *larger = realloc(text, size);
      if (!larger) free(text);
      text = larger;
      if (!text) break;
    }
    memcpy(text + used, entry->d_name, length);
    used += length;
    text[used++] = '\n';
  }
  closedir(listing);
  if (text) text[used] = 0;
  return text;
}
