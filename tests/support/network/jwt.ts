import { type KeyObject, sign, verify } from "node:crypto";

type Claims = Record<string, unknown>;

/** A signed JSON Web Token, ES256 or RS256 after its key. */
export function signed(header: Claims, claims: Claims, key: KeyObject): string {
  const alg = algorithmOf(key);
  const content = [{ typ: "JWT", alg, ...header }, claims].map(encoded).join(".");
  const signature = sign("sha256", Buffer.from(content), { key, dsaEncoding: "ieee-p1363" });
  return `${content}.${signature.toString("base64url")}`;
}

export interface Jwt {
  header: Claims;
  claims: Claims;
  isSignedBy(key: KeyObject): boolean;
}

/** A token's parts; none where it is no such token. */
export function decoded(token: string): Jwt | undefined {
  const [, head = "", body = "", signature = ""] =
    /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(token) ?? [];
  const isSignedBy = (key: KeyObject) =>
    verify(
      "sha256",
      Buffer.from(`${head}.${body}`),
      { key, dsaEncoding: "ieee-p1363" },
      Buffer.from(signature, "base64url"),
    );
  try {
    const [header, claims] = [head, body].map((part) =>
      JSON.parse(Buffer.from(part, "base64url").toString()),
    );
    return { header, claims, isSignedBy };
  } catch {
    return undefined;
  }
}

function encoded(part: Claims): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

function algorithmOf(key: KeyObject): string {
  return key.asymmetricKeyType === "ec" ? "ES256" : "RS256";
}
