// SPDX-License-Identifier: Apache-2.0
// The SDK starts the module `main`. The firmware's modules have names with the package's prefix, as the
// package's own imports (#core/…) ask for.
import main from "wattle/#host-sim/panel/device-app";
export default main;
