// SPDX-License-Identifier: Apache-2.0
/**
 * A serial port without a native package: the system's own `stty` sets speed and raw mode, Node's terminal
 * streams do the rest. The path may also be a pseudo-terminal, or a Unix socket or `host:port`, as simulated
 * devices have.
 */
import { execFileSync } from "node:child_process";
import { constants, openSync, type Stats, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { ReadStream, WriteStream } from "node:tty";

/** Bytes to and from a device. */
export interface SerialPort {
  write(bytes: Uint8Array | string): void;
  /** Calls `data` with what comes, and `end` once when the line is gone. */
  listen(data: (bytes: Buffer) => void, end: (cause: string) => void): void;
  close(): void;
}

/** The operator's mistake, or the system's: the message says cause and cure. */
export class PortError extends Error {
  /** A simulated device that is starting again may listen in a moment. */
  readonly passing: boolean;
  constructor(message: string, passing = false) {
    super(message);
    this.name = "PortError";
    this.passing = passing;
  }
}

const HOST_PORT = /^([\w.-]+):(\d{1,5})$/;

/** Whether `path` is a TCP port of a simulated device, which closes it when it starts again. */
export function isTcpPort(path: string): boolean {
  return HOST_PORT.test(path);
}

/** Speed that the devices' consoles have. */
export const BAUD_DEFAULT = 115_200;

/** Opens `path`. @throws PortError */
export async function openPort(path: string, baud = BAUD_DEFAULT): Promise<SerialPort> {
  let stat: Stats;
  try {
    stat = statSync(path);
  } catch (error) {
    const match = HOST_PORT.exec(path);
    if (!match) throw explained(path, error);
    return openSocket(path, connect(Number(match[2]), match[1]));
  }
  if (stat.isSocket()) return openSocket(path, connect(path));
  if (stat.isCharacterDevice()) return openTerminal(path, baud);
  throw new PortError(`${path}: no serial port. Give one such as /dev/ttyUSB0`);
}

async function openSocket(path: string, socket: Socket): Promise<SerialPort> {
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (error) => reject(explained(path, error)));
  });
  return {
    write: (bytes) => void socket.write(bytes),
    listen(data, end) {
      socket.on("data", data);
      socket.on("error", () => {}); // `close` follows
      socket.on("close", () => end("the device closed the connection"));
    },
    close: () => void socket.destroy(),
  };
}

function openTerminal(path: string, baud: number): SerialPort {
  // Not our controlling terminal, and no waiting for a carrier.
  const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
  let input: ReadStream;
  let output: WriteStream;
  try {
    input = new ReadStream(openSync(path, flags));
    output = new WriteStream(openSync(path, flags));
  } catch (error) {
    throw explained(path, error);
  }
  const device = process.platform === "linux" ? "-F" : "-f";
  // -hupcl: DTR stays as it is when the port is closed; on many boards it resets the chip.
  const mode = [String(baud), "raw", "-echo", "-hupcl", "clocal"];
  try {
    execFileSync("stty", [device, path, ...mode], { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    input.destroy();
    output.destroy();
    const { stderr, message } = error as Error & { stderr?: Buffer };
    const why = stderr?.toString().trim() || message;
    throw new PortError(`${path}: ${why}. Check --baud, and that stty is installed`);
  }
  return {
    write: (bytes) => void output.write(bytes),
    listen(data, end) {
      input.on("data", data);
      let ended = false;
      const gone = () => {
        if (!ended) end("the port is gone: was the device unplugged?");
        ended = true;
      };
      input.on("error", gone).on("end", gone);
      output.on("error", gone);
    },
    close() {
      input.destroy();
      output.destroy();
    },
  };
}

function explained(path: string, error: unknown): PortError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT")
    return new PortError(`${path}: no such port. Plug the device in and look at ls /dev/tty*`);
  if (code === "EACCES")
    return new PortError(`${path}: not allowed. Join its group: sudo usermod -aG dialout $USER`);
  if (code === "EBUSY")
    return new PortError(`${path}: in use. End the other program, a serial monitor perhaps`);
  if (code === "ECONNREFUSED")
    return new PortError(
      `${path}: nobody listens on this socket. Start the device first`,
      isTcpPort(path),
    );
  return new PortError(`${path}: ${message}`);
}
