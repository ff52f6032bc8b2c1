import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";

export interface Certificate {
  /** PEM. */
  certificate: string;
  /** PEM, PKCS #8. */
  key: string;
  x509: X509Certificate;
}

const algorithms = {
  ec: ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
  rsa: ["rsa:2048"],
};

/** A certificate that vouches for itself, made by openssl, for this machine and further names. */
export function selfSigned(
  algorithm: keyof typeof algorithms = "ec",
  names: string[] = [],
): Certificate {
  const alternatives = ["IP:127.0.0.1", ...["localhost", ...names].map((name) => `DNS:${name}`)];
  const made = execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", ...algorithms[algorithm], "-nodes", "-days", "2"],
      ...["-subj", "/CN=localhost", "-addext", `subjectAltName=${alternatives.join(",")}`],
      ...["-keyout", "-"],
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  const block = (label: string) => {
    const pattern = new RegExp(`-----BEGIN ${label}-----[^]+?-----END ${label}-----\n`);
    const [found] = pattern.exec(made) ?? [];
    if (found === undefined) throw new Error(`openssl made no ${label}`);
    return found;
  };
  const certificate = block("CERTIFICATE");
  return { certificate, key: block("PRIVATE KEY"), x509: new X509Certificate(certificate) };
}
