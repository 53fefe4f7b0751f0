// SPDX-License-Identifier: Apache-2.0
/**
 * Bounds what aedes' in-memory persistence keeps for clients: queues of persistent sessions (clean
 * session off) while their client is away, the number of such sessions, and retained messages.
 * Whatever is dropped here the gateway's own protocol sends again: a PUBACK is not a receipt.
 */

/** What aedes calls on its persistence, as far as it is bounded here. */
export interface Persistence {
  outgoingEnqueue(sub: { clientId: string }, packet: StoredPacket): Promise<void>;
  outgoingEnqueueCombi(subs: { clientId: string }[], packet: StoredPacket): Promise<void>;
  outgoingClearMessageId(client: Owner, packet: unknown): Promise<StoredPacket | undefined>;
  addSubscriptions(client: Owner, subs: unknown): Promise<void>;
  cleanSubscriptions(client: Owner): Promise<void>;
  storeRetained(packet: StoredPacket): Promise<void>;
  createRetainedStream(filter: string): AsyncIterable<StoredPacket>;
}

export interface StoredPacket {
  topic: string;
  payload: Uint8Array;
}

interface Owner {
  id: string;
}

export interface MemoryLimits {
  /** Messages that wait for one absent client. */
  queueMax: number;
  /** Payload bytes that wait for one absent client. */
  queueBytesMax: number;
  /** Clients with a persistent session; further ones get a clean session. */
  sessionsMax: number;
  /** Topics with a retained message. */
  retainedMax: number;
}

/** What was dropped so far. */
export interface MemoryDrops {
  queued: number;
  retained: number;
}

export interface MemoryGuard {
  readonly drops: Readonly<MemoryDrops>;
  /** Whether a client of this id may have a persistent session. */
  maySave(clientId: string): boolean;
}

/** Replaces methods of `persistence`, which is aedes' own and has no options for any of this. */
export function guardMemory(persistence: Persistence, limits: MemoryLimits): MemoryGuard {
  const drops: MemoryDrops = { queued: 0, retained: 0 };
  const sessions = guardQueues(persistence, limits, drops);
  guardRetained(persistence, limits, drops);
  return {
    drops,
    maySave: (clientId) => sessions.has(clientId) || sessions.size < limits.sessionsMax,
  };
}

/** Bounds each session's queue; the set that comes back holds the ids with a session. */
function guardQueues(
  persistence: Persistence,
  limits: MemoryLimits,
  drops: MemoryDrops,
): ReadonlySet<string> {
  const queues = new Map<string, { count: number; bytes: number }>();
  const sessions = new Set<string>();
  const enqueue = persistence.outgoingEnqueueCombi.bind(persistence);
  const clear = persistence.outgoingClearMessageId.bind(persistence);
  const add = persistence.addSubscriptions.bind(persistence);
  const clean = persistence.cleanSubscriptions.bind(persistence);

  /** The newest message is dropped: older ones may be what it builds on. */
  const fits = (clientId: string, bytes: number): boolean => {
    const queue = queues.get(clientId) ?? { count: 0, bytes: 0 };
    if (queue.count >= limits.queueMax || queue.bytes + bytes > limits.queueBytesMax) {
      drops.queued++;
      return false;
    }
    queues.set(clientId, { count: queue.count + 1, bytes: queue.bytes + bytes });
    return true;
  };

  persistence.outgoingEnqueueCombi = (subs, packet) => {
    const room = subs.filter((sub) => fits(sub.clientId, packet.payload.length));
    return enqueue(room, packet);
  };
  persistence.outgoingEnqueue = (sub, packet) => persistence.outgoingEnqueueCombi([sub], packet);
  persistence.outgoingClearMessageId = async (client, packet) => {
    const cleared = await clear(client, packet);
    const queue = queues.get(client.id);
    if (cleared && queue) {
      queue.count--;
      queue.bytes -= cleared.payload.length;
      if (queue.count === 0) queues.delete(client.id);
    }
    return cleared;
  };
  persistence.addSubscriptions = (client, subs) => {
    sessions.add(client.id);
    return add(client, subs);
  };
  persistence.cleanSubscriptions = (client) => {
    sessions.delete(client.id);
    return clean(client);
  };
  return sessions;
}

function guardRetained(persistence: Persistence, limits: MemoryLimits, drops: MemoryDrops): void {
  const topics = new Set<string>();
  const store = persistence.storeRetained.bind(persistence);
  persistence.storeRetained = async (packet) => {
    if (packet.payload.length === 0) topics.delete(packet.topic);
    else if (topics.has(packet.topic) || topics.size < limits.retainedMax) topics.add(packet.topic);
    else {
      drops.retained++;
      return;
    }
    await store(packet);
  };
}
