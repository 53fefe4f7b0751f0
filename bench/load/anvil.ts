// SPDX-License-Identifier: Apache-2.0
/**
 * Anvil, a development chain, as the rival of target 2: value transfers, signed ahead, over JSON-RPC, a
 * block a second. It is no dependency: it is measured where it is there (docs/performance.md says how to
 * get it).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

const CHAIN_ID = 31_337;
const SENDERS = 64;
const GAS = 21_000;
const GAS_PRICE = 2_000_000_000;
const READY_MS = 10_000;
/** The chain's own limit would hold 1428 transfers in a block: it must not be what is measured. */
const BLOCK_GAS = 10_000_000_000;

export interface Rival {
  perSecond: number;
  p50: number;
  p99: number;
  /** Processor time of its process for each, µs. */
  cpuUs: number;
  version: string;
}

/** The program: $WATTLE_ANVIL, the one in .cache/anvil, or the first in the path. */
export function findAnvil(): string | undefined {
  const named = process.env.WATTLE_ANVIL;
  if (named) return existsSync(named) ? named : undefined;
  const modules = fileURLToPath(new URL("../../.cache/anvil/node_modules", import.meta.url));
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  const packed = join(modules, `@foundry-rs/anvil-${process.platform}-${arch}/bin/anvil`);
  const inPath = (process.env.PATH ?? "").split(delimiter).map((dir) => join(dir, "anvil"));
  return [packed, ...inPath].find((file) => existsSync(file));
}

/** `count` transfers as fast as the chain takes them: until the last is in a block. */
export async function measureAnvil(program: string, count: number): Promise<Rival> {
  const port = 20_000 + (process.pid % 20_000);
  const limits = ["--gas-limit", String(BLOCK_GAS), "--block-time", "1"];
  const flags = ["--port", String(port), "--silent", "--accounts", "1", ...limits];
  const child = spawn(program, flags, { stdio: "ignore" });
  const rpc = new Rpc(port);
  try {
    await ready(rpc, child);
    const version = String(await rpc.call("web3_clientVersion", []));
    const transfers = await prepare(rpc, count);
    const beforeUs = processorUs(child.pid!);
    const sent = await send(rpc, transfers);
    return { ...sent, cpuUs: (processorUs(child.pid!) - beforeUs) / count, version };
  } finally {
    rpc.close();
    child.kill("SIGKILL");
  }
}

/** Processor time of another process as Linux counts it, in ticks of 10 ms; 0 elsewhere. */
function processorUs(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return 10_000 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return 0;
  }
}

/** JSON-RPC over kept connections. */
class Rpc {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  private readonly port: number;
  private next = 1;

  constructor(port: number) {
    this.port = port;
  }

  call(method: string, params: unknown[]): Promise<unknown> {
    const text = JSON.stringify({ jsonrpc: "2.0", id: this.next++, method, params });
    const headers = { "content-type": "application/json", "content-length": text.length };
    const { agent, port } = this;
    return new Promise((resolve, reject) => {
      const asked = request(
        { agent, port, host: "127.0.0.1", method: "POST", headers },
        (reply) => {
          let body = "";
          reply.setEncoding("utf8");
          reply.on("data", (part: string) => {
            body += part;
          });
          reply.on("end", () => {
            const { result, error } = JSON.parse(body);
            if (error) reject(new Error(`${method}: ${error.message}`));
            else resolve(result);
          });
        },
      );
      asked.on("error", reject);
      asked.end(text);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

async function ready(rpc: Rpc, child: ChildProcess): Promise<void> {
  for (const endMs = performance.now() + READY_MS; performance.now() < endMs; await delay(50)) {
    if (child.exitCode !== null) break;
    const answered = await rpc.call("eth_chainId", []).catch(() => undefined);
    if (answered) return;
  }
  throw new Error("anvil does not answer");
}

/** Funds the senders, and signs: in turn, each with its own numbers. */
async function prepare(rpc: Rpc, count: number): Promise<string[][]> {
  const senders: string[][] = [];
  for (let i = 0; i < SENDERS; i++) {
    const secret = new Uint8Array(32).fill(i + 1);
    const address = keccak_256(secp256k1.getPublicKey(secret, false).subarray(1)).subarray(12);
    await rpc.call("anvil_setBalance", [hex(address), "0x56bc75e2d63100000"]);
    const own = Math.ceil((count - i) / SENDERS);
    senders.push(Array.from({ length: own }, (_, nonce) => transfer(secret, nonce)));
  }
  return senders;
}

/** A signed transfer of one unit (EIP-155). */
function transfer(secret: Uint8Array, nonce: number): string {
  const to = new Uint8Array(20).fill(9);
  const fields = [nonce, GAS_PRICE, GAS, to, 1, new Uint8Array(0)];
  const digest = keccak_256(rlp([...fields, CHAIN_ID, 0, 0]));
  const signature = secp256k1.sign(digest, secret, { prehash: false, format: "recovered" });
  const [recovery] = signature;
  const [r, s] = [signature.subarray(1, 33), signature.subarray(33)].map(trimmed);
  return hex(rlp([...fields, 2 * CHAIN_ID + 35 + recovery, r, s]));
}

async function send(
  rpc: Rpc,
  senders: string[][],
): Promise<Pick<Rival, "perSecond" | "p50" | "p99">> {
  const sentMs = new Map<string, number>();
  const latencies: number[] = [];
  const total = senders.reduce((sum, { length }) => sum + length, 0);
  const beganMs = performance.now();
  let failed: unknown;
  const sending = senders.map(async (transfers) => {
    for (const raw of transfers) {
      const atMs = performance.now();
      sentMs.set(String(await rpc.call("eth_sendRawTransaction", [raw])), atMs);
    }
  });
  Promise.all(sending).catch((error: unknown) => {
    failed = error;
  });
  let height = Number(await rpc.call("eth_blockNumber", []));
  let lastMs = beganMs;
  while (latencies.length < total) {
    if (failed) throw failed;
    await delay(20);
    const block = (await rpc.call("eth_getBlockByNumber", [
      `0x${(height + 1).toString(16)}`,
      false,
    ])) as { transactions: string[] } | null;
    if (!block) continue;
    height++;
    const atMs = performance.now();
    for (const id of block.transactions) latencies.push(atMs - (sentMs.get(id) ?? atMs));
    if (block.transactions.length > 0) lastMs = atMs;
  }
  latencies.sort((a, b) => a - b);
  return {
    perSecond: (1000 * total) / (lastMs - beganMs),
    p50: latencies[Math.floor(total * 0.5)],
    p99: latencies[Math.floor(total * 0.99)],
  };
}

type Item = number | Uint8Array;

/** One list of integers and byte strings (Ethereum's RLP). */
function rlp(items: readonly Item[]): Uint8Array {
  const parts = items.map((item) => {
    const bytes = typeof item === "number" ? integer(item) : item;
    if (bytes.length === 1 && bytes[0] < 0x80) return bytes;
    return Buffer.concat([lengthOf(bytes.length, 0x80), bytes]);
  });
  const body = Buffer.concat(parts);
  return Buffer.concat([lengthOf(body.length, 0xc0), body]);
}

function lengthOf(length: number, base: number): Uint8Array {
  if (length < 56) return Uint8Array.of(base + length);
  const bytes = integer(length);
  return Uint8Array.of(base + 55 + bytes.length, ...bytes);
}

function integer(value: number): Uint8Array {
  const digits = value === 0 ? "" : value.toString(16);
  return Uint8Array.from(Buffer.from(digits.length % 2 ? `0${digits}` : digits, "hex"));
}

function trimmed(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (bytes[at] === 0) at++;
  return bytes.subarray(at);
}

function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString("hex")}`;
}
