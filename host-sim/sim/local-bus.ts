// SPDX-License-Identifier: Apache-2.0
/**
 * MQTT without a network: one queue, first in first out, retained messages kept. Every delivery is awaited
 * before the next, so that a run is the same every time, on either engine.
 */
import type { Bus } from "#gateway/ports";
import { topicMatches } from "#node/mqtt/topic-filter";

type Handler = (topic: string, payload: Uint8Array) => void | Promise<void>;

interface Subscription {
  filters: readonly string[];
  handler: Handler;
}

export class LocalBus implements Bus {
  private readonly subscriptions: Subscription[] = [];
  /** Who gets which topic; a run has few topics and many messages. */
  private readonly routes = new Map<string, Subscription[]>();
  private readonly retained = new Map<string, Uint8Array>();
  private queue: { topic: string; payload: Uint8Array; only?: Subscription }[] = [];
  /** Messages delivered so far. */
  delivered = 0;

  publish(topic: string, payload: Uint8Array, options: { retain: boolean }): void {
    if (options.retain) {
      if (payload.length === 0) this.retained.delete(topic);
      else this.retained.set(topic, payload);
    }
    this.queue.push({ topic, payload });
  }

  subscribe(filter: string, handler: Handler): void {
    this.attach([filter], handler);
  }

  /** One client with several filters: a message reaches it once. Retained messages come first. */
  attach(filters: readonly string[], handler: Handler): { detach(): void } {
    const subscription = { filters, handler };
    this.subscriptions.push(subscription);
    this.routes.clear();
    for (const [topic, payload] of this.retained)
      if (filters.some((filter) => topicMatches(filter, topic)))
        this.queue.push({ topic, payload, only: subscription });
    return {
      detach: () => {
        this.subscriptions.splice(this.subscriptions.indexOf(subscription), 1);
        this.routes.clear();
        this.queue = this.queue.filter((message) => message.only !== subscription);
      },
    };
  }

  get idle(): boolean {
    return this.queue.length === 0;
  }

  /** Delivers what is queued now; what that brings about waits for the next call. */
  async pump(): Promise<void> {
    const queue = this.queue;
    this.queue = [];
    for (const { topic, payload, only } of queue) {
      this.delivered++;
      for (const subscription of only ? [only] : this.route(topic)) {
        const handled = subscription.handler(topic, payload);
        if (handled) await handled;
      }
    }
  }

  async close(): Promise<void> {
    this.queue = [];
  }

  private route(topic: string): Subscription[] {
    let route = this.routes.get(topic);
    if (!route) {
      const matches = (filter: string) => topicMatches(filter, topic);
      route = this.subscriptions.filter((subscription) => subscription.filters.some(matches));
      this.routes.set(topic, route);
    }
    return route;
  }
}
