// SPDX-License-Identifier: Apache-2.0
/** Answers Improv's commands. A device that is reached by cable needs no authorisation: it is in a hand. */
import { toHex } from "#core/codec/bytes";
import { parseWifi } from "./apply.ts";
import type { ProvisionContext } from "./context.ts";
import {
  decodeRpc,
  decodeWifi,
  ImprovError,
  ImprovState,
  PacketType,
  RpcCommand,
} from "./improv.ts";

/** Characters of a URL, ASCII: what one result packet holds beside its lengths. */
const URL_CHARS_MAX = 252;

export class ImprovService {
  /** Somebody has spoken Improv on this line: changes of state are of interest. */
  heard = false;
  private readonly context: ProvisionContext;

  constructor(context: ProvisionContext) {
    this.context = context;
  }

  packet(type: number, data: Uint8Array): void {
    // The other types are a device's own, echoed by the line.
    if (type !== PacketType.rpcCommand) return;
    this.heard = true;
    const { out } = this.context;
    const rpc = decodeRpc(data);
    if (!rpc) return out.error(ImprovError.invalidRpc);
    switch (rpc.command) {
      case RpcCommand.wifiSettings:
        return this.onWifi(rpc.body);
      case RpcCommand.currentState:
        out.error(ImprovError.none);
        out.state(this.context.state());
        if (this.context.state() === ImprovState.provisioned)
          out.result(RpcCommand.currentState, this.urls());
        return;
      case RpcCommand.deviceInfo:
        out.error(ImprovError.none);
        return out.result(RpcCommand.deviceInfo, this.facts());
      case RpcCommand.scan:
        return this.onScan();
      default:
        return out.error(ImprovError.unknownRpc);
    }
  }

  /** A packet was broken, or never finished. */
  fault(): void {
    this.context.out.error(ImprovError.invalidRpc);
  }

  private onWifi(body: Uint8Array): void {
    const { out, board } = this.context;
    if (!board.wifi) return out.error(ImprovError.unknownRpc);
    const strings = decodeWifi(body);
    if (!strings) return out.error(ImprovError.invalidRpc);
    out.error(ImprovError.none);
    const parsed = parseWifi(strings.ssid, strings.passphrase);
    if (!parsed.ok) return out.error(ImprovError.unableToConnect);
    const begun = this.context.join(parsed.wifi, (connected) => {
      if (connected) out.result(RpcCommand.wifiSettings, this.urls());
      else out.error(ImprovError.unableToConnect);
    });
    if (!begun) out.error(ImprovError.unknown);
  }

  private onScan(): void {
    const { out, board } = this.context;
    if (!board.wifi) return out.error(ImprovError.unknownRpc);
    out.error(ImprovError.none);
    this.context.scan((networks) => {
      for (const { ssid, rssi, secured } of networks)
        out.result(RpcCommand.scan, [ssid, String(rssi), secured ? "YES" : "NO"]);
      out.result(RpcCommand.scan, []); // the end of the list
    });
  }

  /** Firmware, version, chip and the device's name. */
  private facts(): string[] {
    const { device, store, identity } = this.context;
    const key = identity.publicKey ? `-${toHex(identity.publicKey.slice(0, 3))}` : "";
    const name = store.settings.name || `wattle${key}`;
    return [device.firmware, device.version, device.chip, name];
  }

  private urls(): string[] {
    const url = this.context.ports.url?.();
    return url !== undefined && url.length <= URL_CHARS_MAX ? [url] : [];
  }
}
