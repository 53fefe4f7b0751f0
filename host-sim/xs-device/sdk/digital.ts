// SPDX-License-Identifier: Apache-2.0
/** Stands in for the SDK's "embedded:io/digital": a button that nobody presses, a lamp that nobody sees. */
export default class Digital {
  static readonly InputPullUp = 1;
  static readonly Output = 8;
  static readonly Rising = 1;
  static readonly Falling = 2;
  read(): number {
    return 1;
  }
  write(_value: number): void {}
  close(): void {}
}
