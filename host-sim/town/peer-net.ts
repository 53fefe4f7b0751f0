// SPDX-License-Identifier: Apache-2.0
/** The network between the gateways of a town, on a virtual clock: late, lossy, and cut for a while. */
import type { PeerKind, PeerLink } from "#gateway/consortium/ports";
import type { Agenda } from "../agenda.ts";
import type { Random } from "../worlds/random.ts";

/** Chances in a thousand, and delays in ms. */
export interface PeerWeather {
  dropPermille: number;
  duplicatePermille: number;
  /** One way: at least, and how much longer at most. */
  delayMs: number;
  jitterMs: number;
}

type Handler = (from: string, kind: PeerKind, bytes: Uint8Array) => void;

export class PeerNet {
  weather: PeerWeather;
  /** Messages and bytes that were sent, by kind. */
  readonly sent = new Map<PeerKind, { count: number; bytes: number }>();
  /** Sees every message as it is sent; what it answers takes its place (undefined: it is not sent). */
  tap: (from: string, to: string, kind: PeerKind, bytes: Uint8Array) => Uint8Array | undefined = (
    _from,
    _to,
    _kind,
    bytes,
  ) => bytes;
  private readonly agenda: Agenda<void | Promise<void>>;
  private readonly random: Random;
  private readonly handlers = new Map<string, Handler>();
  /** Which side of a partition each gateway is on; one that is not in it is on side 0. */
  private sides = new Map<string, number>();
  private readonly ids: string[] = [];

  constructor(agenda: Agenda<void | Promise<void>>, random: Random, weather: PeerWeather) {
    this.agenda = agenda;
    this.random = random;
    this.weather = weather;
  }

  /** A gateway's end; a new one takes the place of the one before. */
  link(id: string): PeerLink {
    if (!this.ids.includes(id)) this.ids.push(id);
    this.handlers.delete(id);
    return {
      send: (to, kind, bytes) => {
        for (const peer of to === undefined ? this.ids : [to])
          if (peer !== id) this.send(id, peer, kind, bytes);
      },
      listen: (handler) => void this.handlers.set(id, handler),
    };
  }

  /** The gateway is gone until it links again. */
  unlink(id: string): void {
    this.handlers.delete(id);
  }

  divide(sides: Map<string, number>): void {
    this.sides = sides;
  }

  private send(from: string, to: string, kind: PeerKind, bytes: Uint8Array): void {
    const said = this.tap(from, to, kind, bytes);
    if (!said) return;
    const sent = this.sent.get(kind) ?? { count: 0, bytes: 0 };
    this.sent.set(kind, { count: sent.count + 1, bytes: sent.bytes + said.length });
    const { random, weather, agenda } = this;
    const roll = (permille: number): boolean => permille > 0 && random.below(1000) < permille;
    const copies = roll(weather.dropPermille) ? 0 : roll(weather.duplicatePermille) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const delayMs = weather.delayMs + (weather.jitterMs > 0 ? random.below(weather.jitterMs) : 0);
      const copy = said.slice();
      agenda.at(agenda.nowMs + delayMs, () => {
        if ((this.sides.get(from) ?? 0) !== (this.sides.get(to) ?? 0)) return;
        this.handlers.get(to)?.(from, kind, copy);
      });
    }
  }
}
