// SPDX-License-Identifier: Apache-2.0
/*
 * Ed25519 for the firmware, on libsodium: an ESP-IDF managed component on the chip, the system's library on
 * a desktop. libsodium's verification rule is the project's one rule (docs/security.md), so that every
 * validator gives the same verdict. Called through XS FFI: buffers come with an offset, since JavaScript's
 * byte arrays are views.
 */
#include <sodium.h>
#include <stdint.h>
#include <string.h>

/*
 * The expanded key of the seed used last: a node signs with one key, and expanding costs as much as signing.
 */
static uint8_t cached_seed[crypto_sign_SEEDBYTES];
static uint8_t cached_secret[crypto_sign_SECRETKEYBYTES];
static uint8_t cached_public[crypto_sign_PUBLICKEYBYTES];
static int cached;

static int expand(const uint8_t *seed) {
  if (cached && sodium_memcmp(seed, cached_seed, sizeof cached_seed) == 0) return 0;
  if (sodium_init() < 0) return -1;
  if (crypto_sign_seed_keypair(cached_public, cached_secret, seed) != 0) return -1;
  memcpy(cached_seed, seed, sizeof cached_seed);
  cached = 1;
  return 0;
}

/* Writes the 32-byte public key of `seed` to the start of `out`. 0, or -1 where libsodium fails. */
int32_t wattle_public_key(uint8_t *seed, uint32_t seed_offset, uint8_t *out) {
  if (expand(seed + seed_offset) != 0) return -1;
  memcpy(out, cached_public, sizeof cached_public);
  return 0;
}

/* Writes the 64-byte signature of the message to the start of `out`. 0, or -1 where libsodium fails. */
int32_t wattle_sign(uint8_t *seed, uint32_t seed_offset, uint8_t *message, uint32_t offset,
                    uint32_t length, uint8_t *out) {
  if (expand(seed + seed_offset) != 0) return -1;
  return crypto_sign_detached(out, NULL, message + offset, length, cached_secret);
}

/* 1 where the signature holds, else 0. */
int32_t wattle_verify(uint8_t *signature, uint32_t signature_offset, uint8_t *message, uint32_t offset,
                      uint32_t length, uint8_t *key, uint32_t key_offset) {
  if (sodium_init() < 0) return 0;
  return crypto_sign_verify_detached(signature + signature_offset, message + offset, length,
                                     key + key_offset) == 0;
}
