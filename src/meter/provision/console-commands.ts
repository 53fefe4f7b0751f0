// SPDX-License-Identifier: Apache-2.0
/** Carries out the console's commands. Each is answered by one line of JSON; help and qr draw before it. */
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { applyPairs, fieldHelp, parseWifi, shownSettings } from "./apply.ts";
import { fingerprintOf } from "./authority.ts";
import { AuthorityCommand } from "./authority-command.ts";
import { newClaim } from "./claim.ts";
import type { Command, ResetKind } from "./console.ts";
import type { ProvisionContext } from "./context.ts";
import type { InputFault } from "./fields.ts";
import { ENTROPY_FAULT } from "./identity.ts";
import { ImprovState } from "./improv.ts";
import { drawQr, qrText } from "./qr.ts";
import { planNewIdentity, resetSettings } from "./reset.ts";
import { linkOf, missingOf } from "./settings.ts";

const HELP: readonly string[] = Object.freeze([
  "wattle show                                what this node is and how it is set",
  "wattle set name=value …                    settings; an empty value sets the default",
  "wattle wifi <ssid> [<passphrase>] [--untried]",
  "wattle ca begin | add <base64> | end       the authority that an mqtts broker's certificate is of",
  "wattle ca clear                            forgets it",
  "wattle claim [new]                         public key and claim code, or another code",
  "wattle qr                                  the same to scan",
  "wattle reset settings --yes                for another owner's network",
  "wattle reset identity                      a new key: the old account is left behind",
  "Values with blanks stand in double quotes. Settings:",
]);

/** Said by `wattle show`. */
const STATE_NAMES: Readonly<Record<number, string>> = Object.freeze({
  [ImprovState.authorized]: "authorized",
  [ImprovState.provisioning]: "provisioning",
  [ImprovState.provisioned]: "provisioned",
});

/** What confirms a new identity where the old one's key is not known any more. */
const CONFIRM_UNKNOWN = "new-identity";
const CONFIRM_DIGITS = 8;

export class ConsoleCommands {
  private readonly context: ProvisionContext;
  private readonly authority: AuthorityCommand;

  constructor(context: ProvisionContext) {
    this.context = context;
    this.authority = new AuthorityCommand(context);
  }

  run(command: Command): void {
    switch (command.name) {
      case "help":
        return this.help();
      case "show":
        return this.show();
      case "set":
        return this.set(command.pairs);
      case "wifi":
        return this.wifi(command.ssid, command.passphrase, command.untried);
      case "ca":
        return this.authority.run(command.step, command.text);
      case "claim":
        return this.claim(command.fresh);
      case "qr":
        return this.qr();
      case "reset":
        return this.reset(command.kind, command.yes, command.confirm);
      case "fault":
        return this.context.out.refuse(command.command, command.errors);
    }
  }

  private help(): void {
    const { out } = this.context;
    for (const line of HELP) out.line(line);
    for (const line of fieldHelp()) out.line(`  ${line}`);
    out.answer("help", true, {});
  }

  private show(): void {
    const { out, device, board, identity, claim, store, authority, ports } = this.context;
    const { settings } = store;
    const { certificate } = authority;
    const { wifi } = linkOf(settings, certificate);
    const key = identity.publicKey;
    out.answer("show", true, {
      ...device,
      state: STATE_NAMES[this.context.state()],
      identity: identity.ok ? "ok" : identity.fault,
      ...(identity.ok ? {} : { cause: identity.cause, cure: identity.cure }),
      ...(key && { node: toHex(nodeIdOf(ports.crypto, key)), publicKey: toHex(key) }),
      claimed: claim?.claimed ?? false,
      missing: missingOf(settings, board, certificate),
      settings: shownSettings(settings),
      ...(wifi && { ssid: wifi.ssid, passphrase: wifi.passphrase === "" ? "none" : "set" }),
      ...(certificate && { ca: fingerprintOf(ports.crypto, certificate) }),
      drivers: Object.keys(board.drivers),
      ...(store.lost && { lost: "the settings in the store cannot be read: the defaults hold" }),
    });
  }

  private set(pairs: readonly (readonly [string, string])[]): void {
    const { out, board, ports, identity, store, authority } = this.context;
    const before = store.settings;
    const context = { board, publicKey: identity.publicKey };
    const applied = applyPairs(before, pairs, context);
    if (!applied.ok) return out.refuse("set", applied.errors);
    const { settings } = applied;
    store.save(settings);
    ports.log("info", "settings-saved");
    const moved = before.gatewayKey && toHex(before.gatewayKey) !== keyText(settings.gatewayKey);
    const note =
      "another gateway keeps another ledger: coins stay with the old one, and numbers go on";
    const missing = missingOf(settings, board, authority.certificate);
    out.answer("set", true, { missing, ...(moved && { note }) });
    ports.changed("settings");
  }

  private wifi(ssid: string, passphrase: string, untried: boolean): void {
    const { out, board, ports, store } = this.context;
    const parsed = parseWifi(ssid, passphrase);
    if (!board.wifi)
      return this.refuse("wifi", "wifi", "is not on this board", "plug in its network cable");
    if (!parsed.ok) return out.refuse("wifi", parsed.errors);
    if (untried) {
      store.save({ ...store.settings, ...parsed.wifi });
      out.answer("wifi", true, { ssid, tried: false });
      return ports.changed("network");
    }
    const begun = this.context.join(parsed.wifi, (connected) => {
      if (connected) out.answer("wifi", true, { ssid, tried: true });
      else this.refuse("wifi", "wifi", "cannot be joined", "check name, passphrase and distance");
    });
    if (!begun) this.refuse("wifi", "wifi", "is being tried already", "wait for its answer");
  }

  private claim(fresh: boolean): void {
    const { context } = this;
    const { out, ports, identity } = context;
    if (!identity.ok) return this.refuse("claim", "identity", identity.cause, identity.cure);
    if (fresh) {
      const made = newClaim(ports.store, ports.crypto, ports.entropy, identity.generation);
      if (!made) return this.refuse("claim", "claim", ENTROPY_FAULT.cause, ENTROPY_FAULT.cure);
      context.claim = made;
    }
    const { claim } = context;
    const publicKey = toHex(identity.publicKey);
    if (claim?.claimed) return out.answer("claim", true, { publicKey, claimed: true });
    if (!claim) return this.refuse("claim", "claim", ENTROPY_FAULT.cause, ENTROPY_FAULT.cure);
    const qr = qrText(identity.publicKey, claim.code);
    out.answer("claim", true, { publicKey, claimed: false, claim: claim.code, qr });
  }

  private qr(): void {
    const { out, ports, identity, claim } = this.context;
    if (!identity.ok) return this.refuse("qr", "identity", identity.cause, identity.cure);
    if (!ports.qr)
      return this.refuse("qr", "qr", "cannot be drawn by this firmware", "use wattle claim");
    if (!claim || claim.claimed)
      return this.refuse("qr", "claim", "is no open one", "make one: wattle claim new");
    const lines = drawQr(ports.qr(qrText(identity.publicKey, claim.code)));
    for (const line of lines) out.line(line);
    out.answer("qr", true, { lines: lines.length });
  }

  private reset(kind: ResetKind, yes: boolean, confirm: string | undefined): void {
    if (kind === "registers") {
      const cause = "are never reset: they count for the life of the meter";
      return this.refuse("reset", "registers", cause, "read them twice and subtract");
    }
    if (kind === "identity") return this.resetIdentity(yes, confirm);
    const { out, ports } = this.context;
    if (!yes) {
      const cause = "forgets Wi-Fi, broker and its authority, area, gateway, name and prices";
      return this.refuse("reset", "settings", cause, "write wattle reset settings --yes");
    }
    resetSettings(this.context);
    out.answer("reset", true, { kind, restart: true });
    ports.changed("reset");
  }

  private resetIdentity(yes: boolean, confirm: string | undefined): void {
    const { out, ports, identity } = this.context;
    if (!identity.ok && identity.fault === "entropy")
      return this.refuse("reset", "identity", identity.cause, identity.cure);
    const key = keyText(identity.publicKey);
    const text = key === undefined ? CONFIRM_UNKNOWN : key.slice(0, CONFIRM_DIGITS);
    if (!yes || confirm !== text) {
      const waiting = ports.waiting?.() ?? 0;
      const lost = waiting > 0 ? `, and ${waiting} messages that have no receipt` : "";
      const cause = `leaves the old account with its coins behind${lost}, for ever`;
      const cure = `write wattle reset identity --yes --confirm ${text}`;
      return this.refuse("reset", "identity", cause, cure);
    }
    if (!planNewIdentity(ports, identity.generation + 1))
      return this.refuse("reset", "identity", ENTROPY_FAULT.cause, ENTROPY_FAULT.cure);
    out.answer("reset", true, { kind: "identity", restart: true });
    ports.changed("reset");
  }

  private refuse(cmd: string, field: string, cause: string, cure: string): void {
    const errors: InputFault[] = [{ field, cause, cure }];
    this.context.out.refuse(cmd, errors);
  }
}

function keyText(key: Uint8Array | undefined): string | undefined {
  return key && toHex(key);
}
