// SPDX-License-Identifier: Apache-2.0
/**
 * What peers sent, until it is opened: a bounded queue for each, read by turns, so that one that says as much
 * as it may keeps nobody else waiting; and with pauses in which the gateway does everything else.
 */

/** Messages of one peer that wait, and their bytes: two seconds of what a busy one has to say. */
const MESSAGES_MAX = 8192;
const BYTES_MAX = 8 * 1024 * 1024;
/** Longest time that messages are read without a turn of the loop, ms: a node's message waits no longer. */
const READ_MS = 10;

interface Message {
  bytes: Uint8Array;
  /** It is said again by itself: the first to be dropped. */
  again: boolean;
}

interface Queue<M> {
  /** Those before `head` are read. */
  waiting: M[];
  head: number;
  bytes: number;
  again: number;
}

export interface InboxOptions<M> {
  read(message: M): void;
  /** What `read` threw; nothing is read after it. */
  fail(error: unknown): void;
}

export class PeerInbox<M extends Message> {
  private readonly options: InboxOptions<M>;
  /** Of those with messages; whose turn it is comes first. */
  private readonly queues = new Map<string, Queue<M>>();
  private due: NodeJS.Immediate | undefined;
  private over = false;

  constructor(options: InboxOptions<M>) {
    this.options = options;
  }

  /** Messages that were dropped for it, this one or others of the same peer. */
  put(from: string, message: M): number {
    if (this.over) return 1;
    let queue = this.queues.get(from);
    if (!queue) this.queues.set(from, (queue = { waiting: [], head: 0, bytes: 0, again: 0 }));
    let dropped = 0;
    while (isFull(queue, message.bytes.length)) {
      dropped++;
      if (!dropWord(queue)) return dropped;
    }
    queue.waiting.push(message);
    queue.bytes += message.bytes.length;
    if (message.again) queue.again++;
    this.due ??= setImmediate(() => this.readSome());
    return dropped;
  }

  close(): void {
    this.over = true;
    clearImmediate(this.due);
    this.queues.clear();
  }

  private readSome(): void {
    this.due = undefined;
    const untilMs = performance.now() + READ_MS;
    try {
      for (;;) {
        const message = this.next();
        if (!message) return;
        this.options.read(message);
        if (performance.now() < untilMs) continue;
        if (this.queues.size > 0) this.due ??= setImmediate(() => this.readSome());
        return;
      }
    } catch (error) {
      this.close();
      this.options.fail(error);
    }
  }

  /** The oldest of the peer whose turn it is, which then comes last. */
  private next(): M | undefined {
    const first = this.queues.entries().next();
    if (first.done) return undefined;
    const [from, queue] = first.value;
    const message = queue.waiting[queue.head++];
    forget(queue, message);
    this.queues.delete(from);
    if (queue.head === queue.waiting.length) return message;
    if (2 * queue.head > queue.waiting.length) {
      queue.waiting.splice(0, queue.head);
      queue.head = 0;
    }
    this.queues.set(from, queue);
    return message;
  }
}

function isFull({ waiting, head, bytes }: Queue<Message>, more: number): boolean {
  return waiting.length - head >= MESSAGES_MAX || bytes + more > BYTES_MAX;
}

/** Drops the oldest that is said again by itself; false where there is none. */
function dropWord(queue: Queue<Message>): boolean {
  if (queue.again === 0) return false;
  const { waiting, head } = queue;
  const at = waiting.findIndex(({ again }, i) => i >= head && again);
  const [gone] = waiting.splice(at, 1);
  forget(queue, gone);
  return true;
}

function forget(queue: Queue<Message>, { bytes, again }: Message): void {
  queue.bytes -= bytes.length;
  if (again) queue.again--;
}
