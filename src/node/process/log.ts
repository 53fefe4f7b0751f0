// SPDX-License-Identifier: Apache-2.0
/** Logs as JSON lines on stderr: `event` says what, the facts beside it say more. */
import { type Logger, pino } from "pino";
import type { GatewayLog } from "#gateway/ports";
import type { GatewayConfig } from "../config/gateway-config.ts";

/** Written before the call returns, so that the reason of a crash is in the log. */
export function stderrLog(level: GatewayConfig["logLevel"]): GatewayLog {
  const options = {
    level,
    base: undefined,
    messageKey: "event",
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger: Logger = pino(options, pino.destination({ fd: 2, sync: true }));
  return (severity, event, facts) => logger[severity](facts ?? {}, event);
}
