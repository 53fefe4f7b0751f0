// SPDX-License-Identifier: Apache-2.0
/** The gateway that is attacked, in a process of its own: told what to do, and says what happens, by IPC. */
import { gatewayConfig } from "#node/config/gateway-config";
import { startGatewayProcess } from "#node/gateway-process";

const [json, dir] = process.argv.slice(2);
const say = (fact: object) => void process.send?.(fact);
const gateway = await startGatewayProcess(
  gatewayConfig(JSON.parse(json), { file: "attacked.json", dir }),
  {
    metricsPort: 0,
    log: (_level, event, facts) => {
      // Said when it was entered; the log has it when the metrics are read after this.
      if (event === "certificate") say({ what: "certified", serial: facts?.serial });
      if (event === "revocations") say({ what: "revoked", number: facts?.number });
    },
    onSlot: (slot) => say({ what: "slot", slot }),
    onFinished: () => say({ what: "finished" }),
    onFatal: ({ message }) => {
      process.stderr.write(`${message}\n`);
      process.exit(1);
    },
  },
);
process.on("message", (order) => {
  if (order === "look") gateway.look();
  else gateway.stop().then(() => process.exit(0));
});
// Whoever started it is gone.
process.on("disconnect", () => process.exit(1));
const { port, metricsPort, gatewayKey } = gateway;
say({ what: "ready", port, metricsPort, gatewayKey });
