// SPDX-License-Identifier: Apache-2.0
/** Entry module for XS: a node whose crypto is the driver's, as on a board with crypto in C. */
import { hostCrypto, runNode } from "./xs-node.ts";

runNode(hostCrypto);
