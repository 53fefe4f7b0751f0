// SPDX-License-Identifier: Apache-2.0
/** Authorities and servers' certificates, made as an operator makes them: with openssl, in a folder. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type Kind = "ec" | "rsa";

const KEYS: Record<Kind, string[]> = {
  ec: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
  rsa: ["-newkey", "rsa:2048"],
};

export interface Files {
  /** PEM. `chain`: the server's own certificate and what leads to its authority. */
  chain: string;
  key: string;
}

export class Authority {
  readonly pem: string;
  private readonly folder: string;
  private readonly name: string;
  private readonly kind: Kind;

  constructor(folder: string, name: string, kind: Kind) {
    this.folder = folder;
    this.name = name;
    this.kind = kind;
    this.pem = this.path(`${name}.pem`);
    const uses = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
    const ca = ["-addext", "basicConstraints=critical,CA:TRUE", ...uses];
    const files = ["-keyout", this.path(`${name}.key`), "-out", this.pem];
    openssl("req", "-x509", ...KEYS[kind], "-nodes", ...files, "-subj", `/CN=${name}`, ...ca);
  }

  /** A certificate for a server with these names (`IP:127.0.0.1,DNS:localhost`), good for a year. */
  server(name: string, names: string): Files {
    const [key, request, own] = ["key", "csr", "pem"].map((end) => this.path(`${name}.${end}`));
    const { extensions } = this.begin(name, names, key, request);
    const signing = ["-CA", this.pem, "-CAkey", this.path(`${this.name}.key`), "-CAcreateserial"];
    openssl("x509", "-req", "-in", request, ...signing, "-out", own, "-extfile", extensions);
    return { chain: this.chainOf(name, own, this), key };
  }

  /** The same, and over since 2021. */
  expired(name: string, names: string): Files {
    const [key, request, own] = ["key", "csr", "pem"].map((end) => this.path(`${name}.${end}`));
    const { extensions } = this.begin(name, names, key, request);
    const config = this.path("ca.cnf");
    const index = this.path("index.txt");
    const lines = [
      "[ca]\ndefault_ca=d\n[d]",
      `database=${index}\nserial=${this.path("serial")}\nnew_certs_dir=${this.folder}`,
      "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n",
    ];
    writeFileSync(config, lines.join("\n"));
    writeFileSync(index, "");
    writeFileSync(this.path("serial"), "01");
    const by = ["-config", config, "-cert", this.pem, "-keyfile", this.path(`${this.name}.key`)];
    const dates = ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"];
    const files = ["-in", request, "-out", own, "-extfile", extensions];
    openssl("ca", "-batch", "-notext", ...by, ...dates, ...files);
    return { chain: this.chainOf(name, own, this), key };
  }

  /** A certificate of this authority, shown with `other`'s own behind it as if that had signed it. */
  pretending(name: string, names: string, other: Authority): Files {
    const { key } = this.server(name, names);
    return { chain: this.chainOf(`${name}-as`, this.path(`${name}.pem`), other), key };
  }

  private begin(name: string, names: string, key: string, request: string) {
    const files = ["-keyout", key, "-out", request, "-subj", `/CN=${name}`];
    openssl("req", ...KEYS[this.kind], "-nodes", ...files);
    const extensions = this.path(`${name}.ext`);
    writeFileSync(extensions, `subjectAltName=${names}\nbasicConstraints=CA:FALSE\n`);
    return { extensions };
  }

  private chainOf(name: string, own: string, authority: Authority): string {
    const chain = this.path(`${name}.chain.pem`);
    writeFileSync(chain, readFileSync(own, "utf8") + readFileSync(authority.pem, "utf8"));
    return chain;
  }

  private path(name: string): string {
    return join(this.folder, name);
  }
}

function openssl(...args: string[]): void {
  const { status, stderr, error } = spawnSync("openssl", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`openssl ${args[0]}: ${error?.message ?? stderr}`);
}
