// SPDX-License-Identifier: Apache-2.0
/** A node among several gateways of one ledger: when it goes from one to the next. */
import type { Code } from "#core/errors/codes";
import { Certifier } from "./certifier.ts";
import type { NodeConfig } from "./config.ts";
import { Fellows } from "./fellows.ts";
import type { MeterNode } from "./node.ts";
import type { NodePorts } from "./ports.ts";

/**
 * Undefined where one gateway keeps the ledger alone: its signature says as much; and where the node does not
 * know all of them: it could tell no quorum.
 */
export function certifierOf(
  node: MeterNode,
  config: NodeConfig,
  ports: NodePorts,
): Certifier | undefined {
  const { net, gateways } = config;
  if (!gateways || gateways.length < 2 || config.gatewayCount !== undefined) return undefined;
  const { topics, conversation } = node;
  const fellows = new Fellows(config, gateways, ports.crypto, ports.store);
  conversation.follow(fellows.list);
  return new Certifier(
    { topics, net, fellows },
    ports,
    (code, detail) => node.distrust(code, detail),
    () => {
      conversation.follow(fellows.list);
      // One that left keeps the ledger no more.
      if (!fellows.has(conversation.key)) leave(ports, "GATEWAY_UNKNOWN");
    },
  );
}

/** The gateway's word was false: of several another one is to say what this node owns. */
export function leaveGateway(node: MeterNode, ports: NodePorts, code: Code): void {
  if (!node.certifier) return;
  // A time to come would keep the word of the others out.
  if (node.state.accountMs > 0) {
    node.state.accountMs = 0;
    node.save();
  }
  leave(ports, code);
}

function leave(ports: NodePorts, code: Code): void {
  ports.log("warn", "leaves-gateway", { code });
  ports.leave?.(code);
}
