// SPDX-License-Identifier: Apache-2.0
/** The checks of vectors-node.ts on the engine of the device. */
import { fileURLToPath } from "node:url";
import { answerCrypto } from "#host-sim/fleet/xs-driver";
import { bundleForXs } from "#host-sim/xs-host/bundle";
import { XsHost } from "#host-sim/xs-host/host";
import { sodiumCrypto } from "#node/crypto/sodium";

const CREATION = {
  chunkInitial: 1 << 20,
  chunkIncremental: 1 << 18,
  heapInitial: 1 << 16,
  heapIncremental: 1 << 14,
  // A module that is not preloaded has its top-level names on the stack: a bundle has thousands.
  stackSlots: 16_384,
  // High: the counter may jump by 2^32 (host-sim/fleet/xs-engine.ts).
  meterLimit: 1e13,
};

/** Checks of vectors-node.ts by their numbers there. */
export const CHECK = Object.freeze({
  modbus: 5,
  dsmr: 6,
  sml: 7,
  s0: 8,
  cse7766: 9,
  bl0942: 10,
  ade7953: 11,
});

export class VectorsHost {
  private readonly host: XsHost;
  private readonly heard: { answer?: string[]; failure: string };

  private constructor(host: XsHost, heard: { answer?: string[]; failure: string }) {
    this.host = host;
    this.heard = heard;
  }

  /** With the driver's crypto or with noble on XS; `preload`: the modules are in read-only memory. */
  static async start(crypto: "native" | "noble", preload: boolean): Promise<VectorsHost> {
    const file = fileURLToPath(new URL("./vectors-node.ts", import.meta.url));
    const bundle = await bundleForXs(file, { name: "vectors" });
    const source = `import { runChecks } from "vectors"; runChecks("${crypto}");`;
    const modules = [bundle, { name: "main", source }];
    const options = { modules, entry: "main", preload: preload ? ["vectors"] : [] };
    const sodium = sodiumCrypto();
    const heard: { answer?: string[]; failure: string } = { failure: "" };
    const host = await XsHost.start(options, {
      call: (_, fn, data) => answerCrypto(sodium, fn, data ?? new Uint8Array(0)),
      post: (_, __, data) => {
        heard.answer = JSON.parse(Buffer.from(data).toString());
      },
      failed: (_, reason) => {
        heard.failure = reason;
      },
    });
    await host.create(0, CREATION).catch(async (error) => {
      await host.close();
      throw error;
    });
    return new VectorsHost(host, heard);
  }

  /** What disagrees among `vectors`, checked by check number `kind`. */
  async check(kind: number, vectors: unknown): Promise<string[]> {
    this.heard.answer = undefined;
    await this.host.deliver(0, kind, Buffer.from(JSON.stringify(vectors)));
    const { answer, failure } = this.heard;
    if (failure !== "" || answer === undefined) throw new Error(`no answer: ${failure}`);
    return answer;
  }

  close(): Promise<void> {
    return this.host.close();
  }
}
