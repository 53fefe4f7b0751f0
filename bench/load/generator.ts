// SPDX-License-Identifier: Apache-2.0
/**
 * The load: all members of an area in one process, each with its own connection to the gateway's broker. What
 * they say is signed before it is needed, so that the clock sees the gateway only. Told over IPC what to do.
 */
import { bytesEqual, fromHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { nodeIdOf } from "#core/identity";
import { headerRecord } from "#core/records/block";
import { type Epoch, epochRecord } from "#core/records/epoch";
import { configRecord } from "#core/records/member";
import { type Notice, noticeRecord } from "#core/records/notice";
import { receiptRecord } from "#core/records/receipt";
import { Topics } from "#core/topics";
import { connectToken } from "#core/trust/connect";
import { sodiumCrypto } from "#node/crypto/sodium";
import type { Command, RunResult } from "./messages.ts";
import { publishPacket, Wire } from "./mqtt.ts";
import { AREA, makePlayers, NET, type Order, type Player, Signer } from "./players.ts";

/** Connections that begin at once: the broker's own limit lets some more in. */
const JOINING = 32;
const PATIENCE_MS = 120_000;

const crypto = sodiumCrypto();
const topics = new Topics(AREA);

/** One member on the air, and when it published what is not receipted. */
interface Seat {
  player: Player;
  wire: Wire;
  waiting: { said: number; atMs: number }[];
}

class Generator {
  private seats: Seat[] = [];
  private signer: Signer | undefined;
  private orders: Order[] = [];
  private notice: Notice | undefined;
  private epoch: Epoch | undefined;
  private head: Uint8Array | undefined;
  private distance = 0;
  private headTxs = 0;
  private said = 0;
  private admitted = 0;
  private refused = 0;
  private received = 0;
  private latencies: number[] = [];
  private onReceipt: () => void = () => {};

  async join({ port, gatewayKey, members, proofOfTime }: Extract<Command, { type: "join" }>) {
    const gateway = nodeIdOf(crypto, fromHex(gatewayKey)!);
    const players = makePlayers(crypto, members);
    for (let i = 0; i < members; i += JOINING)
      await Promise.all(
        players.slice(i, i + JOINING).map((player, j) => this.seat(port, gateway, player, i + j)),
      );
    await until(() => this.admitted >= members, "members are not admitted");
    await until(() => this.notice !== undefined && this.head !== undefined, "no slot begins");
    if (proofOfTime) await until(() => this.epoch !== undefined, "no epoch begins");
  }

  private async seat(port: number, gateway: Uint8Array, player: Player, index: number) {
    const { id, publicKey, secretKey } = player;
    const token = { net: NET, gateway, client: id, publicKey, atMs: Date.now() };
    const password = connectToken(crypto, secretKey, token);
    const seat: Seat = { player, wire: undefined as unknown as Wire, waiting: [] };
    const receipt = topics.down(id, "receipt");
    const wire = await Wire.open(
      port,
      { clientId: id, username: id, password },
      {
        message: (topic, payload) => {
          if (topic === receipt) this.receipt(seat, payload);
          else this.heard(topic, payload);
        },
        closed: () => fail(`the broker closed the connection of ${id}`),
      },
    );
    seat.wire = wire;
    this.seats[index] = seat;
    const own = `${topics.prefix}/node/${id}/down/+`;
    // One of them follows everything, as nodes do that witness for all.
    await wire.subscribe(
      index === 0 ? [own, topics.epoch, `${topics.prefix}/dag/+`, topics.chainHead] : [own],
    );
    wire.send(publishPacket(topics.up(id, "enrol"), player.enrol, 1));
  }

  private heard(topic: string, payload: Buffer): void {
    if (topic === topics.chainHead) {
      const opened = openSigned(headerRecord, crypto, payload.slice());
      if (!opened.ok) return;
      this.head = opened.id;
      this.headTxs += opened.value.txCount;
    } else if (topic === topics.epoch) {
      const opened = openSigned(noticeRecord, crypto, payload.slice());
      if (opened.ok) this.notice = opened.value;
    } else if (topic === topics.dagEpoch) {
      const opened = openSigned(epochRecord, crypto, payload.slice());
      if (opened.ok) this.epoch = opened.value;
    } else if (topic.endsWith("/down/config")) {
      const opened = openSigned(configRecord, crypto, payload);
      if (opened.ok && opened.value.code === 0) this.admitted++;
    }
  }

  private receipt(seat: Seat, payload: Buffer): void {
    const atMs = performance.now();
    const opened = openSigned(receiptRecord, crypto, payload);
    if (!opened.ok) return fail(`a receipt is ${opened.code}`);
    const { upTo, refused, node } = opened.value;
    if (!bytesEqual(node, seat.player.idBytes)) return fail("a receipt for somebody else");
    this.refused += refused.length;
    while (seat.waiting.length > 0 && seat.waiting[0].said <= upTo) {
      this.latencies.push(atMs - seat.waiting.shift()!.atMs);
      this.received++;
    }
    this.onReceipt();
  }

  sign({ count, turnMs, distance }: Extract<Command, { type: "sign" }>): { signMs: number } {
    const { notice, head, epoch } = this;
    const players = this.seats.map(({ player }) => player);
    const slotMs = notice!.endMs - notice!.startMs;
    const terms = { notice: notice!, head: head!, epoch, slotMs };
    this.distance = distance;
    this.signer ??= new Signer(crypto, players, terms, distance);
    const before = performance.now();
    this.orders = this.signer.sign(count, turnMs);
    return { signMs: performance.now() - before };
  }

  /** Stamps must not be in the gateway's future. */
  private async untilStamped(): Promise<void> {
    const { nowMs, realMs } = this.notice!;
    const due = this.signer!.stampMs - nowMs + realMs;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - Date.now())));
  }

  async run(how: Extract<Command, { type: "run" }>): Promise<RunResult> {
    const { orders } = this;
    this.latencies = [];
    this.received = 0;
    this.refused = 0;
    const lateness: number[] = [];
    if ("inFlight" in how) await this.untilStamped();
    const before = performance.now();
    if ("inFlight" in how) await this.closedLoop(how.inFlight);
    else await this.openLoop(how.perSecond, lateness);
    const elapsedMs = performance.now() - before;
    this.said += orders.length;
    const sorted = this.latencies.sort((a, b) => a - b);
    lateness.sort((a, b) => a - b);
    return {
      count: orders.length,
      elapsedMs,
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
      max: quantile(sorted, 1),
      latenessP99: quantile(lateness, 0.99),
      refused: this.refused,
    };
  }

  private isSaid({ player, said }: Order): boolean {
    const [first] = this.seats[player].waiting;
    return first === undefined || said < first.said;
  }

  private publish({ player, said, packet }: Order): void {
    const seat = this.seats[player];
    seat.waiting.push({ said, atMs: performance.now() });
    seat.wire.send(packet);
  }

  private closedLoop(inFlight: number): Promise<void> {
    const { orders } = this;
    let sent = 0;
    let open = 0;
    return withPatience((done) => {
      this.onReceipt = () => {
        // None overtakes its parents, which were said `distance` before it.
        while (open < sent && this.isSaid(orders[open])) open++;
        const most = Math.min(orders.length, open + this.distance, this.received + inFlight);
        while (sent < most) this.publish(orders[sent++]);
        if (this.received >= orders.length) done();
      };
      this.onReceipt();
    });
  }

  private openLoop(perSecond: number, lateness: number[]): Promise<void> {
    const { orders } = this;
    let sent = 0;
    return withPatience((done) => {
      const from = performance.now();
      const tick = () => {
        const elapsedMs = performance.now() - from;
        for (; sent < orders.length && (sent * 1000) / perSecond <= elapsedMs; sent++) {
          this.publish(orders[sent]);
          lateness.push(elapsedMs - (sent * 1000) / perSecond);
        }
        if (sent < orders.length) setTimeout(tick, 1);
      };
      this.onReceipt = () => {
        if (this.received >= orders.length) done();
      };
      tick();
    });
  }

  /** Until blocks hold all that was said; ms. */
  async final(): Promise<{ waitedMs: number }> {
    const before = performance.now();
    await until(() => this.headTxs >= this.said, "no block holds what was said");
    return { waitedMs: performance.now() - before };
  }

  close(): void {
    for (const { wire } of this.seats) wire.close();
  }
}

function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return 0;
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

function withPatience(begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => fail("receipts are missing"), PATIENCE_MS);
    begin(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function until(condition: () => boolean, otherwise: string): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > endMs) return fail(otherwise);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function fail(reason: string): never {
  process.stderr.write(`generator: ${reason}\n`);
  process.exit(1);
}

const generator = new Generator();

async function answer(command: Command): Promise<object> {
  if (command.type === "join") await generator.join(command);
  if (command.type === "sign") return generator.sign(command);
  if (command.type === "run") return generator.run(command);
  if (command.type === "final") return generator.final();
  if (command.type === "end") {
    generator.close();
    setImmediate(() => process.disconnect());
  }
  return {};
}

process.on("message", (command: Command) => {
  answer(command).then(
    (result) => process.connected && process.send?.(result),
    (error: unknown) => fail(String(error)),
  );
});
process.on("disconnect", () => process.exit());
