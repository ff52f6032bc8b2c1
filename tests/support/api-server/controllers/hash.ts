import { createHash, randomInt } from "node:crypto";
import type { PodTemplate } from "../objects";

/** Without the letters that could spell a word. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** A short name for a pod template: the digits of a number of 32 bits in that alphabet. */
export function templateHash(template: PodTemplate): string {
  const digest = createHash("sha256").update(JSON.stringify(template)).digest();
  const digits = Buffer.from(String(digest.readUInt32BE()));
  return [...digits].map((digit) => alphabet[digit % alphabet.length]).join("");
}

/** What makes the name of a pod one of its own. */
export function randomSuffix(): string {
  return Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join("");
}
