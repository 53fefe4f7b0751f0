// SPDX-License-Identifier: Apache-2.0
/** The firmware's C functions. */
import FFI from "mc/ffi";

let instance: FFI | undefined;

/** One instance of the SDK's glue, made at run time: preloading cannot call into C. */
export function ffi(): FFI {
  instance ??= new FFI();
  return instance;
}
