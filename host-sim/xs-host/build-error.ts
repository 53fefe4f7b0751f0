// SPDX-License-Identifier: Apache-2.0

export type BuildFault = "no-compiler" | "no-make" | "no-m32" | "no-asan" | "no-network" | "failed";

/** Why xs-host cannot be had here; tests may skip on the `no-…` faults. */
export class XsBuildError extends Error {
  override readonly name = "XsBuildError";
  readonly fault: BuildFault;

  constructor(fault: BuildFault, cause: string, cure: string) {
    super(`xs-host: ${cause}\n  ${cure}`);
    this.fault = fault;
  }

  /** The machine lacks something, as opposed to a defect of ours. */
  get missing(): boolean {
    return this.fault !== "failed";
  }
}
