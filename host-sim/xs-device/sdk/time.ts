// SPDX-License-Identifier: Apache-2.0
/** Stands in for the SDK's "time", for its own MQTT client. */
import { machine } from "./machine.ts";

const Time = {
  get ticks(): number {
    return machine().nowMs;
  },
};
export default Time;
