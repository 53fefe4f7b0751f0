// SPDX-License-Identifier: Apache-2.0
/**
 * The cipher suites that a node offers (RFC 5289), in place of the SDK's list (`ssl/ciphersuites`). Those with
 * RSA key exchange have no forward secrecy, and the SDK's CBC does not check its padding.
 */
import { AES, ECDHE_RSA, GCM, SHA256 } from "ssl/constants";

/** The SDK names the key exchange after RSA for both: the certificate's key decides how it is signed. */
const GCM_128 = Object.freeze({
  isExportable: false,
  keyExchangeAlgorithm: ECDHE_RSA,
  cipherAlgorithm: AES,
  cipherKeySize: 16,
  cipherBlockSize: 16,
  hashAlgorithm: SHA256,
  hashSize: 32,
  encryptionMode: GCM,
  /** Bytes of the nonce that are sent, and that are not. */
  ivSize: 8,
  saltSize: 4,
});

export default Object.freeze([
  // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
  Object.freeze({ ...GCM_128, value: Object.freeze([0xc0, 0x2b]) }),
  // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
  Object.freeze({ ...GCM_128, value: Object.freeze([0xc0, 0x2f]) }),
]);
