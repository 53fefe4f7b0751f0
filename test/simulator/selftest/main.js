// SPDX-License-Identifier: Apache-2.0
// The SDK starts the module `main`; the package's modules have names with its prefix.
import main from "wattle/#test/simulator/selftest/app";
export default main;
