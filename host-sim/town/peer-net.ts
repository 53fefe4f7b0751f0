// SPDX-License-Identifier: Apache-2.0
/** The network between the gateways of a town, on a virtual clock: late, lossy, and cut for a while. */
import type { PeerKind, PeerLink } from "#gateway/consortium/ports";
import type { Agenda } from "../agenda.ts";
import { type Random, randomStream } from "../worlds/random.ts";

/** Chances in a thousand, and delays in ms. */
export interface PeerWeather {
  dropPermille: number;
  duplicatePermille: number;
  /** One way: at least, and how much longer at most … */
  delayMs: number;
  jitterMs: number;
  /** … but for a few, which take up to this much longer. */
  stragglerPermille?: number;
  stragglerMs?: number;
}

type Handler = (from: string, kind: PeerKind, bytes: Uint8Array) => void;

/** What a message passes on its way, besides the weather; each ends when it is told to. */
interface Trouble {
  /** Only gateways of one group hear each other. */
  splits: Set<ReadonlySet<string>>;
  /** Everything to and from a gateway takes so much longer, ms. */
  slow: Map<string, number>;
  /** Of one kind of message nothing comes to these. */
  deaf: Set<{ ids: ReadonlySet<string>; kind: PeerKind }>;
}

export class PeerNet {
  weather: PeerWeather;
  /** Messages and bytes that were sent, by kind. */
  readonly sent = new Map<PeerKind, { count: number; bytes: number }>();
  readonly counts = { delivered: 0, dropped: 0, duplicated: 0 };
  /** Sees every message as it is sent; what it answers takes its place (undefined: it is not sent). */
  tap: (from: string, to: string, kind: PeerKind, bytes: Uint8Array) => Uint8Array | undefined = (
    _from,
    _to,
    _kind,
    bytes,
  ) => bytes;
  readonly trouble: Trouble = { splits: new Set(), slow: new Map(), deaf: new Set() };
  private readonly agenda: Agenda<void | Promise<void>>;
  private readonly seed: number;
  private readonly links = new Map<string, Random>();
  private readonly handlers = new Map<string, Handler>();
  /** Which side of a partition each gateway is on; one that is not in it is on side 0. */
  private sides = new Map<string, number>();
  private readonly ids: string[] = [];

  constructor(agenda: Agenda<void | Promise<void>>, seed: number, weather: PeerWeather) {
    this.agenda = agenda;
    this.seed = seed;
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
    if (said) this.inject(from, to, kind, said);
  }

  /** Past the tap: what a liar says besides. */
  inject(from: string, to: string, kind: PeerKind, bytes: Uint8Array): void {
    const sent = this.sent.get(kind);
    if (!sent) this.sent.set(kind, { count: 1, bytes: bytes.length });
    else {
      sent.count++;
      sent.bytes += bytes.length;
    }
    const { weather, agenda, counts, trouble } = this;
    const random = this.linkOf(from, to);
    const roll = (permille = 0): boolean => permille > 0 && random.below(1000) < permille;
    const copies = roll(weather.dropPermille) ? 0 : roll(weather.duplicatePermille) ? 2 : 1;
    if (copies === 0) counts.dropped++;
    if (copies === 2) counts.duplicated++;
    const slowMs = Math.max(trouble.slow.get(from) ?? 0, trouble.slow.get(to) ?? 0);
    for (let i = 0; i < copies; i++) {
      const jitterMs =
        weather.jitterMs + (roll(weather.stragglerPermille) ? weather.stragglerMs! : 0);
      const delayMs = weather.delayMs + slowMs + (jitterMs > 0 ? random.below(jitterMs) : 0);
      agenda.at(agenda.nowMs + delayMs, () => {
        if (this.isCut(from, to, kind)) counts.dropped++;
        else {
          counts.delivered++;
          this.handlers.get(to)?.(from, kind, bytes.slice());
        }
      });
    }
  }

  private isCut(from: string, to: string, kind: PeerKind): boolean {
    if ((this.sides.get(from) ?? 0) !== (this.sides.get(to) ?? 0)) return true;
    const { splits, deaf } = this.trouble;
    for (const group of splits) if (group.has(from) !== group.has(to)) return true;
    for (const one of deaf) if (one.kind === kind && one.ids.has(to)) return true;
    return false;
  }

  /** Each link has its own luck, so that a fault that is left out changes little elsewhere. */
  private linkOf(from: string, to: string): Random {
    const key = `${from}${to}`;
    let random = this.links.get(key);
    if (!random) {
      const number = (id: string) => Number.parseInt(id.slice(0, 8), 16);
      this.links.set(key, (random = randomStream(this.seed, 18, number(from), number(to))));
    }
    return random;
  }
}
