// SPDX-License-Identifier: Apache-2.0
/** noble by itself: what is loaded when it is first asked for (crypto-noble.ts). */
import { createEd25519 } from "#core/crypto/noble-ed25519";

export default createEd25519;
