// SPDX-License-Identifier: Apache-2.0
//
// xs-host: nodes on the real XS engine, each isolated, limited and counted.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it, type TestContext } from "node:test";
import { ensureXsHost, XsBuildError } from "#host-sim/xs-host/build";
import { bundleForXs, type XsBundle } from "#host-sim/xs-host/bundle";
import { type XsCreation, XsHost, type XsOptions } from "#host-sim/xs-host/host";

const fixtures = "host-sim/xs-host/fixtures";
const small: XsCreation = {
  chunkInitial: 8192,
  chunkIncremental: 4096,
  heapInitial: 512,
  heapIncremental: 256,
  stackSlots: 384,
  meterLimit: 5_000_000,
};
const roomy: XsCreation = {
  ...small,
  chunkInitial: 32768,
  heapInitial: 2048,
  heapIncremental: 1024,
  stackSlots: 512,
  meterLimit: 500_000_000,
};

interface Running {
  readonly xs: XsHost;
  readonly posts: string[];
  readonly raw: { node: number; fn: number; data: Uint8Array }[];
  readonly failures: Map<number, string>;
}

async function start(options: Omit<XsOptions, "log">): Promise<Running> {
  const posts: string[] = [];
  const raw: Running["raw"] = [];
  const failures = new Map<number, string>();
  const xs = await XsHost.start(options, {
    call: (_node, fn, data) => {
      if (data.length === 0) return undefined;
      if (data[0] === 0x21) throw new Error("the driver refuses");
      return Uint8Array.from([fn, ...data].reverse());
    },
    post: (node, fn, data) => {
      posts.push(Buffer.from(data).toString());
      raw.push({ node, fn, data: Uint8Array.from(data) });
    },
    failed: (node, reason) => failures.set(node, reason),
  });
  hosts.push(xs);
  return { xs, posts, raw, failures };
}

// A failed assertion must not leave a process behind, for node:test would wait for it.
const hosts: XsHost[] = [];
after(() => Promise.all(hosts.map((xs) => xs.kill())));

// True when this machine can build that variant; else the test is skipped, and says why.
async function buildable(t: TestContext, options: { bits?: 32; asan?: boolean }): Promise<boolean> {
  try {
    await ensureXsHost(options);
    return true;
  } catch (error) {
    if (!(error instanceof XsBuildError && error.missing)) throw error;
    t.skip(error.message);
    return false;
  }
}

const failing: readonly [deed: string, reason: RegExp][] = [
  ["throw", /^uncaught exception: RangeError: thrown on purpose/],
  ["reject", /^unhandled rejection: Error: rejected on purpose/],
  ["loop", /^meter exhausted/],
  ["memory", /^memory full/],
  ["recursion", /^stack overflow/],
  ["nesting", /^(stack overflow|memory full)/],
  ["newer", /^uncaught exception: TypeError/],
  ["parser", /^uncaught exception: EvalError/],
  ["builtIn", /^uncaught exception: TypeError/],
];

// Creates nodes, uses them, lets each but the first fail in its own way, destroys some.
async function scenario(options: Omit<XsOptions, "log" | "modules" | "entry">, node: XsBundle) {
  const { xs, posts, failures } = await start({ ...options, modules: [node], entry: node.name });
  const meters: number[] = [];
  for (let i = 0; i <= failing.length; i++) {
    await xs.create(i, i % 2 ? { ...small, staticBytes: 96 * 1024 } : small);
    meters.push((await xs.deliver(i, 2, Buffer.from("work"))).meter);
  }
  for (const [i, [deed, reason]] of failing.entries()) {
    const done = await xs.deliver(i + 1, 2, Buffer.from(deed));
    assert.equal(done.ok, false, deed);
    assert.match(failures.get(i + 1) ?? "", reason, deed);
    assert.equal(failures.size, i + 1, `${deed}: exactly one node more failed`);
    assert.equal((await xs.stats(i + 1)).state, "failed");
    // How far memory and native stack reach depends on the word size; bytecodes before do not.
    if (deed !== "memory" && deed !== "nesting") meters.push(done.meter);
    for (let other = i + 2; other <= failing.length; other++) {
      assert.ok((await xs.deliver(other, 0, Buffer.from("well"))).ok, `${other} after ${deed}`);
    }
  }
  meters.push((await xs.deliver(0, 2, Buffer.from("caught"))).meter);
  assert.equal(posts.at(-1), "caught");
  assert.equal((await xs.deliver(1, 0, Buffer.from("gone"))).ok, false);
  await xs.destroy(1);
  await xs.create(1, small);
  assert.ok((await xs.deliver(1, 0, Buffer.from("new"))).ok);
  assert.equal(posts.at(-1), "1 1 1 new");
  await xs.destroy(0);
  await xs.close();
  return { meters, posts };
}

describe("xs-host", () => {
  let node: XsBundle;
  let missing: XsBuildError | undefined;

  before(async () => {
    node = await bundleForXs(`${fixtures}/faulty-node.ts`);
    await ensureXsHost().catch((error: unknown) => {
      if (!(error instanceof XsBuildError && error.missing)) throw error;
      missing = error;
    });
  });

  // Each test asks for the host first; without a compiler all of them say why they are skipped.
  const has = (t: TestContext) => {
    if (missing) t.skip(missing.message);
    return !missing;
  };

  it("runs isolated nodes that post and ask", async (t) => {
    if (!has(t)) return;
    const { xs, posts, failures } = await start({ modules: [node], entry: node.name });
    assert.match(xs.version, /^XS 13\.3\.\d+ 64-bit$/);
    for (const i of [0, 1, 2]) await xs.create(i, small);
    await Promise.all([0, 1, 1, 2].map((i) => xs.deliver(i, 0, Buffer.from("hello"))));
    assert.deepEqual(posts, ["0 1 1 hello", "1 1 1 hello", "1 2 2 hello", "2 1 1 hello"]);
    // A call waits while other events are already on their way.
    await Promise.all([
      xs.deliver(0, 1, Buffer.from("abc")),
      xs.deliver(1, 0, Buffer.from("next")),
      xs.deliver(2, 1, new Uint8Array(0)),
    ]);
    assert.deepEqual(posts.slice(4), ["cba\u0007", "1 3 3 next", "nothing"]);
    assert.equal((await xs.deliver(0, 1, Buffer.from("!"))).ok, false);
    assert.match(failures.get(0)!, /TypeError: host\.call\(7\): the driver refuses/);
    assert.equal((await xs.deliver(7, 0, Buffer.from("nobody"))).ok, false);
    await assert.rejects(xs.create(1, small), /node 1 cannot be created: it exists/);
    await xs.close();
  });

  it("carries many and large events", async (t) => {
    if (!has(t)) return;
    const echo = { name: "main", source: "host.onEvent = (k, p) => host.post(k, p);" };
    const { xs, raw } = await start({ modules: [echo], entry: "main" });
    await xs.create(0, { ...small, chunkIncremental: 65536 });
    const big = Uint8Array.from({ length: 3_000_000 }, (_, i) => i);
    assert.ok((await xs.deliver(0, 5, big)).ok);
    assert.deepEqual(raw[0]?.data, big);
    const started = performance.now();
    const all = Array.from({ length: 20_000 }, (_, i) => xs.deliver(0, i, Buffer.from("x")));
    assert.ok((await Promise.all(all)).every((done) => done.ok));
    const perSecond = (20_000 / (performance.now() - started)) * 1000;
    assert.equal(raw.length, 20_001);
    t.diagnostic(`${Math.round(perSecond)} events a second`);
    await xs.close();
  });

  it("fails alone, in every way, and counts the same from run to run", async (t) => {
    if (!has(t)) return;
    const first = await scenario({}, node);
    const second = await scenario({}, node);
    assert.deepEqual(second, first);
  });

  it("counts the same bytecodes in 32 bits", async (t) => {
    if (!has(t) || !(await buildable(t, { bits: 32 }))) return;
    const wide = await scenario({}, node);
    assert.deepEqual(await scenario({ bits: 32 }, node), wide);
  });

  it("runs the same under AddressSanitizer, without a report", async (t) => {
    if (!has(t) || !(await buildable(t, { asan: true }))) return;
    // close() rejects when the process does not exit with 0, as after a report or a leak.
    assert.deepEqual(await scenario({ asan: true }, node), await scenario({}, node));
  });

  it("knows what XS 13.3 does not, and the bundle lowers it", async (t) => {
    if (!has(t)) return;
    const source = `class Self { n = 1; static x = new Self(); }
      host.onEvent = () => host.post(Self.x.n, new Uint8Array(0));`;
    const raw = await start({ modules: [{ name: "main", source }], entry: "main" });
    await assert.rejects(raw.xs.create(0, small), /node 0 cannot be created: uncaught exception/);
    await raw.xs.close();
    const crypto = await bundleForXs(`${fixtures}/crypto-node.ts`);
    assert.doesNotMatch(crypto.source, /^\s*static [\w$]+ = /m);
  });

  it("says where TypeScript failed, in a debug build", async (t) => {
    if (!has(t)) return;
    const bundle = await bundleForXs(`${fixtures}/faulty-node.ts`, { debug: true });
    const { xs, failures } = await start({ debug: true, modules: [bundle], entry: bundle.name });
    for (const i of [0, 1]) await xs.create(i, small);
    await xs.deliver(0, 2, Buffer.from("throw"));
    await xs.deliver(1, 2, Buffer.from("loop"));
    const lines = (await readFile(`${fixtures}/faulty-node.ts`, "utf8")).split("\n");
    const at = (part: string) => `faulty-node.ts:${lines.findIndex((s) => s.includes(part)) + 1})`;
    assert.ok(failures.get(0)!.includes(at("thrown on purpose")), failures.get(0));
    assert.ok(failures.get(1)!.includes(at("count += 1;")), failures.get(1));
    await xs.close();
  });

  it("reports bad modules and bad creations", async (t) => {
    if (!has(t)) return;
    const bad = start({ modules: [{ name: "main", source: "\nlet = 5 5;" }], entry: "main" });
    await assert.rejects(bad, /cannot be started: main:2: /);
    await assert.rejects(start({ modules: [node], entry: "other" }), /entry: no module other/);
    const { xs } = await start({ modules: [node], entry: node.name });
    await assert.rejects(xs.create(0, { ...small, heapInitial: 1.5 }), /creation\.heapInitial/);
    await assert.rejects(xs.create(0, { ...small, staticBytes: 9000 }), /memory full/);
    await assert.rejects(xs.create(1, { ...small, heapInitial: 9, heapIncremental: 0 }), /memory/);
    await xs.close();
    await assert.rejects(xs.deliver(0, 0, new Uint8Array(0)), /xs-host: /);
  });

  it("keeps preloaded modules apart from each other's changes", async (t) => {
    if (!has(t)) return;
    const shared = `export const list = [1, { deep: 1 }]; export const map = new Map();
      export const make = (s) => s + "!"; export class P { #x = 1; add() { return ++this.#x; } }
      export const p = new P(); export const re = /b+/g;`;
    const main = `import { list, map, make, p, re } from "shared";
      const tries = [() => list.push(2), () => list[1].deep++, () => map.set(1, 2), () => p.add(),
        () => make("a"), () => re.test("abb"), () => "abb".replace(/b+/, "c")];
      host.onEvent = () => { const text = JSON.stringify(tries.map((f) => {
        try { return f(); } catch (e) { return e.message; } })) + list.length + list[1].deep;
        host.post(0, Uint8Array.from(Array.from(text, (c) => c.charCodeAt(0)))); };`;
    const modules = [
      { name: "main", source: main },
      { name: "shared", source: shared },
    ];
    const { xs, posts } = await start({ modules, entry: "main", preload: ["shared"] });
    for (const i of [0, 1]) await xs.create(i, small);
    for (const i of [0, 1]) assert.ok((await xs.deliver(i, 0, new Uint8Array(0))).ok);
    assert.equal(posts[0], posts[1]);
    assert.match(posts[0]!, /^\[3,1,"Map instance is read-only",2,"a!",.*"ac"\]32$/);
    await xs.close();
  });

  it("reports the end of the process to all who wait", async (t) => {
    if (!has(t)) return;
    const { xs } = await start({ modules: [node], entry: node.name });
    await xs.create(0, { ...small, meterLimit: 4_000_000_000 });
    const waiting = xs.deliver(0, 2, Buffer.from("loop"));
    const killed = xs.kill();
    await assert.rejects(waiting, /the process has ended: killed by SIGKILL/);
    await assert.rejects(xs.stats(0), /the process has ended/);
    await killed;
  });
});

describe("xs-host with noble and cbor-x", () => {
  let running: Running | undefined;

  before(async () => {
    const bundle = await bundleForXs(`${fixtures}/crypto-node.ts`);
    running = await start({ modules: [bundle], entry: bundle.name }).catch((error: unknown) => {
      if (error instanceof XsBuildError && error.missing) return undefined;
      throw error;
    });
  });

  after(() => running?.xs.close());

  it("signs and verifies, and its figures grow", async (t) => {
    if (!running) return t.skip("xs-host cannot be built here");
    const { xs, raw } = running;
    await xs.create(0, roomy);
    const fresh = await xs.stats(0);
    const first = await xs.deliver(0, 1, Buffer.from("reading"));
    const once = await xs.stats(0);
    const second = await xs.deliver(0, 1, Buffer.from("reading"));
    const twice = await xs.stats(0, { collect: true });
    assert.ok(first.ok && second.ok);
    assert.deepEqual(
      raw.map((post) => post.fn),
      [1, 1],
    );
    assert.equal(raw[0]?.data.length, 64);
    assert.equal(once.meter, fresh.meter + first.meter);
    assert.equal(twice.meter, once.meter + second.meter);
    for (const key of ["slotsPeak", "chunkBytesPeak", "stackPeak", "collections"] as const) {
      assert.ok(fresh[key] <= once[key] && once[key] <= twice[key], key);
    }
    assert.ok(twice.slots <= twice.slotsPeak && twice.slotBytes === 32 && twice.collections > 0);
    t.diagnostic(`first ${first.meter}, then ${second.meter} bytecodes`);
  });

  it("holds 300 nodes in one process", async (t) => {
    if (!running) return t.skip("xs-host cannot be built here");
    const { xs, failures } = running;
    const started = performance.now();
    for (let i = 1; i <= 300; i++) await xs.create(i, roomy);
    const events = Array.from({ length: 300 }, (_, i) => xs.deliver(i + 1, 2, Buffer.from("kWh")));
    assert.ok((await Promise.all(events)).every((done) => done.ok));
    const ms = Math.round(performance.now() - started);
    const { pssBytes } = xs.memory();
    assert.equal(failures.size, 0);
    assert.ok(pssBytes < 120e6, `${pssBytes} bytes`);
    t.diagnostic(`300 nodes: ${(pssBytes / 1e6).toFixed(1)} MB PSS, ${ms} ms`);
  });
});
