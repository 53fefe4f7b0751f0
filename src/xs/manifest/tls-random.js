// SPDX-License-Identifier: Apache-2.0
// In place of the SDK's `rng`, which is RC4 with a seed of rand(): the same keys at every start of a desktop.
import { openEntropy } from "wattle/#platform/entropy";

export default Object.freeze({
  get(length) {
    return openEntropy().bytes(length).buffer;
  },
});
