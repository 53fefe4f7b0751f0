// SPDX-License-Identifier: Apache-2.0
/** What compile.js calls in plain JavaScript, for tools and tests. */
export { arrows, shortened, shrunk } from "./shrink.js";
