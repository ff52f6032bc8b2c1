import { createSign, randomUUID, X509Certificate } from "node:crypto";
import type { Assertion, Event } from "../protocol";

/** How long a signed assertion holds, in seconds. */
const LIFETIME = 300;

/** Signs a client assertion (RFC 7523) with RS256, named by the certificate's SHA-1 (x5t). */
export function sign(call: number, { certificate, audience, issuer }: Assertion): Event {
  try {
    const { fingerprint } = new X509Certificate(certificate);
    const x5t = Buffer.from(fingerprint.replaceAll(":", ""), "hex").toString("base64url");
    const now = Math.floor(Date.now() / 1000);
    const head = { alg: "RS256", typ: "JWT", x5t };
    const claims = {
      aud: audience,
      iss: issuer,
      sub: issuer,
      jti: randomUUID(),
      nbf: now,
      exp: now + LIFETIME,
    };
    const text = [head, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url"),
    );
    const signature = createSign("RSA-SHA256").update(text.join(".")).sign(certificate);
    return {
      signed: { call, assertion: [...text, signature.toString("base64url")].join(".") },
    };
  } catch (error) {
    return { notSigned: { call, error: error instanceof Error ? error.message : String(error) } };
  }
}
