// SPDX-License-Identifier: Apache-2.0
/**
 * The parts of the Moddable SDK that the firmware imports, as far as it uses them. npm has typings of an
 * older SDK only; where the SDK is installed, `npm run firmware -- --board <board> --check` compiles the
 * firmware with its own.
 */

declare module "timer" {
  interface TimerHandle {
    readonly timer: unique symbol;
  }
  const Timer: {
    /** `run` is called with the timer. */
    set(run: (timer: TimerHandle) => void, delayMs?: number, repeatMs?: number): TimerHandle;
    repeat(run: (timer: TimerHandle) => void, intervalMs: number): TimerHandle;
    clear(timer: TimerHandle | undefined): void;
  };
  export default Timer;
}

declare module "mc/config" {
  /** `config` of the manifest, with what the board and the command line add. */
  const config: Record<string, unknown>;
  export default config;
}

declare module "mc/ffi" {
  /** The C functions that the manifests list (src/xs/manifest); buffers are passed with an offset. */
  class FFI {
    wattle_public_key(seed: ArrayBuffer, seedOffset: number, out: ArrayBuffer): number;
    wattle_sign(
      seed: ArrayBuffer,
      seedOffset: number,
      message: ArrayBuffer,
      offset: number,
      length: number,
      out: ArrayBuffer,
    ): number;
    wattle_verify(
      signature: ArrayBuffer,
      signatureOffset: number,
      message: ArrayBuffer,
      offset: number,
      length: number,
      key: ArrayBuffer,
      keyOffset: number,
    ): number;
    wattle_uptime_ms(): number;
    /** `radio` on the chip only. */
    wattle_entropy(buffer: ArrayBuffer, offset: number, length: number, radio?: number): number;

    wattle_reset_reason(): number;
    wattle_restart(): void;
    wattle_heap_free(): number;
    wattle_heap_least(): number;
    wattle_watchdog_start(timeoutMs: number): number;
    wattle_watchdog_feed(): void;
    wattle_wifi_awake(): number;
    wattle_slot_state(): number;
    wattle_slot_running(): number;
    wattle_slot_size(): number;
    wattle_slot_erase(offset: number, length: number): number;
    wattle_slot_write(at: number, bytes: ArrayBuffer, offset: number, length: number): number;
    wattle_slot_read(at: number, bytes: ArrayBuffer, length: number): number;
    wattle_slot_activate(): number;
    wattle_slot_confirm(): number;
    wattle_slot_roll_back(): number;
    wattle_witness_size(): number;
    wattle_witness_read(at: number, bytes: ArrayBuffer, length: number): number;
    wattle_witness_write(at: number, bytes: ArrayBuffer, offset: number, length: number): number;
    wattle_witness_erase(sector: number): number;
    wattle_uart_open(
      port: number,
      transmit: number,
      receive: number,
      baud: number,
      bits: number,
      parity: number,
      stop: number,
      inverted: number,
      direction: number,
      bufferBytes: number,
    ): number;
    wattle_uart_waiting(port: number): number;
    wattle_uart_read(port: number, buffer: ArrayBuffer, length: number): number;
    wattle_uart_write(port: number, bytes: ArrayBuffer, offset: number, length: number): number;
    wattle_uart_close(port: number): void;

    wattle_utc_ms(): number;
    wattle_env(name: string): string;
    wattle_print(line: string): void;
    wattle_store_open(path: string): number;
    wattle_store_size(key: string): number;
    wattle_store_read(key: string, buffer: ArrayBuffer, length: number): number;
    wattle_store_write(key: string, bytes: ArrayBuffer, offset: number, length: number): number;
    wattle_store_delete(key: string): number;
    wattle_store_keys(): string;
  }
  export default FFI;
}

declare module "crypt" {
  export class Digest {
    constructor(type: "SHA256" | "SHA512");
    write(data: ArrayBuffer | Uint8Array): void;
    close(): ArrayBuffer;
  }
}

declare module "modules" {
  const Modules: {
    /** Loads and runs a module at once; its default export. */
    importNow(name: string): unknown;
  };
  export default Modules;
}

declare module "qrcode" {
  /** One byte a module, 1 where it is dark. */
  const qrCode: (options: {
    input: string;
    maxVersion?: number;
  }) => ArrayBuffer & { readonly size: number };
  export default qrCode;
}

declare module "net" {
  const Net: {
    /** `address` is missing where the name has none. */
    resolve(host: string, done: (host: string, address?: string) => void): void;
  };
  export default Net;
}

declare module "embedded:storage/key-value" {
  interface Store {
    format: "buffer";
    read(key: string): ArrayBuffer | undefined;
    write(key: string, value: ArrayBuffer | Uint8Array): void;
    delete(key: string): void;
    close(): void;
    [Symbol.iterator](): Iterator<string>;
  }
  const storage: {
    open(options: { path: string; format?: "buffer"; mode?: "r" | "r+" }): Store;
  };
  export default storage;
}

declare module "embedded:io/socket/udp" {
  interface UdpOptions {
    address?: string;
    port?: number;
    onReadable?: (count: number) => void;
    onError?: () => void;
  }
  class UDP {
    constructor(options: UdpOptions);
    read(): (ArrayBuffer & { address: string; port: number }) | undefined;
    write(data: ArrayBuffer | Uint8Array, address: string, port: number): void;
    close(): void;
  }
  export default UDP;
}

declare module "embedded:io/socket/tcp" {
  interface TcpOptions {
    /** A socket that a listener accepted. */
    from?: TCP;
    address?: string;
    port?: number;
    format?: "buffer";
    onReadable?: (count: number) => void;
    onWritable?: (count: number) => void;
    onError?: () => void;
  }
  class TCP {
    constructor(options: TcpOptions);
    format: "buffer" | "number";
    read(count?: number): ArrayBuffer | undefined;
    /** How many bytes can be written after these. */
    write(data: ArrayBuffer | Uint8Array): number;
    close(): void;
  }
  export default TCP;
}

declare module "embedded:io/socket/listener" {
  import type TCP from "embedded:io/socket/tcp";

  class Listener {
    constructor(options: { port: number; address?: string; onReadable: (count: number) => void });
    /** undefined where nobody waits. */
    read(): TCP | undefined;
    close(): void;
  }
  export default Listener;
}

declare module "ssl/session" {
  /** What a session sends and receives through; it counts both down as it reads and writes. */
  export interface Wire {
    readable: number;
    writable: number;
    read(target: Uint8Array): void;
    write(bytes: ArrayBuffer | Uint8Array): number;
  }
  export interface SessionOptions {
    protocolVersion: number;
    /** Whether sessions are resumed. */
    cache: boolean;
    serverName?: string;
    tls_max_fragment_length?: number;
  }
  class Session {
    constructor(options: SessionOptions);
    initiateHandshake(): void;
    /** One step; true when the server's Finished has been checked. */
    handshake(wire: Wire): boolean;
    /** The data of one record; null when the other side says goodbye. */
    read(wire: Wire): Uint8Array | null | undefined;
    write(wire: Wire, data: Uint8Array): number;
    /** A record with its header, once it is there as a whole. */
    readPacket(wire: Wire): ArrayBuffer | undefined;
  }
  export default Session;
}

declare module "ssl/constants" {
  export const AES: number;
  export const ECDHE_RSA: number;
  export const GCM: number;
  export const SHA256: number;
}

declare module "ecp" {
  interface ECPoint {
    readonly point: unique symbol;
  }
  const ECPoint: { fromOctetString(bytes: Uint8Array): ECPoint };
  export default ECPoint;
}

declare module "curve" {
  class Curve {
    constructor(name: "secp256r1");
  }
  export default Curve;
}

declare module "ecdsa" {
  import type Curve from "curve";
  import type ECPoint from "ecp";

  class ECDSA {
    constructor(key: ECPoint, curve: Curve, secret: boolean);
    /** `signature` is r and s, each as long as the order. */
    verify(digest: ArrayBuffer, signature: ArrayBuffer): boolean;
  }
  export default ECDSA;
}

declare module "embedded:network/mqtt/client" {
  const MQTTClient: new (options: Record<string, unknown>) => unknown;
  export default MQTTClient;
}

declare module "embedded:network/interface/wifi" {
  class WiFi {
    constructor(options: { onChanged?: (property: string) => void });
    /** 0 disconnected … 400 has an address (ECMA-419). */
    readonly connection: number;
    readonly address: string | undefined;
    connect(options: { SSID: string; password?: string }): void;
    disconnect(): void;
    scan(options: {
      onFound: (point: { SSID: string; RSSI: number; security: string }) => void;
      onComplete: () => void;
    }): void;
    close(): void;
  }
  export default WiFi;
}

declare module "embedded:network/interface/ethernet" {
  class Ethernet {
    constructor(options: { onChanged?: (property: string) => void });
    readonly connection: number;
    readonly address: string | undefined;
    connect(): void;
    disconnect(): void;
    close(): void;
  }
  export default Ethernet;
}

declare module "embedded:io/digital" {
  class Digital {
    static readonly InputPullUp: number;
    static readonly Output: number;
    static readonly Rising: number;
    static readonly Falling: number;
    constructor(options: {
      pin: number;
      mode: number;
      initialValue?: 0 | 1;
      /** Rising | Falling, with `onReadable`. */
      edge?: number;
      onReadable?: () => void;
    });
    read(): number;
    write(value: 0 | 1): void;
    close(): void;
  }
  export default Digital;
}

declare module "embedded:io/i2c" {
  class I2C {
    constructor(options: { address: number; hz: number; data: number; clock: number });
    read(count: number): ArrayBuffer;
    write(bytes: ArrayBuffer | Uint8Array): void;
    /** One transaction with a repeated start. */
    writeRead(bytes: ArrayBuffer | Uint8Array, count: number): ArrayBuffer;
    close(): void;
  }
  export default I2C;
}
