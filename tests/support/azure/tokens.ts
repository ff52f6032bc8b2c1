import { createPrivateKey, randomUUID } from "node:crypto";
import { type Certificate, selfSigned } from "../network/certificate";
import { signed } from "../network/jwt";

/** The tokens that were given out, and what for. */
export class Tokens {
  private readonly issued = new Map<string, { resource: string; until: number }>();
  private readonly assertions = new Set<string>();
  private readonly certificate: Certificate = selfSigned("ec");

  issue(resource: string, seconds: number, claims: Record<string, unknown> = {}): string {
    const now = Math.floor(Date.now() / 1000);
    const token = signed(
      { kid: "of-the-tests" },
      { aud: resource, iat: now, nbf: now, exp: now + seconds, jti: randomUUID(), ...claims },
      createPrivateKey(this.certificate.key),
    );
    this.issued.set(token, { resource, until: now + seconds });
    return token;
  }

  /** Whether an assertion with this identifier has not come before. */
  isFirstUse(identifier: string): boolean {
    return this.assertions.size < this.assertions.add(identifier).size;
  }

  /** What a token is for; nothing where it is none, or none any more. */
  resourceOf(token: string): string | undefined {
    const found = this.issued.get(token);
    return found !== undefined && found.until > Date.now() / 1000 ? found.resource : undefined;
  }
}

/** The resource that is meant by a name with or without a slash at its end. */
export function resourceNamed(name: string, known: string[]): string | undefined {
  return known.find((resource) => name === resource || name === `${resource}/`);
}

/** The token of an Authorization header of the scheme Bearer. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer (\S+)$/.exec(authorization ?? "")?.[1];
}
