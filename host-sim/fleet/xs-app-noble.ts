// SPDX-License-Identifier: Apache-2.0
/** Entry module for XS: a node that does all its crypto itself, as on a board without crypto in C. */
import { nobleCrypto } from "#core/crypto/noble.ts";
import { runNode } from "./xs-node.ts";

// No table: with one of W=4 a node would need 330 KB on the device (docs: xs-host measurements).
runNode(nobleCrypto({ windowBits: 1 }));
