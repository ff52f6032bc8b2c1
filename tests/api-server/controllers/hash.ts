import { createHash } from "node:crypto";
import type { PodTemplate } from "../objects";

const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** A short name for a pod template, without the letters that could spell a word. */
export function templateHash(template: PodTemplate): string {
  const digest = createHash("sha256").update(JSON.stringify(template)).digest();
  return [...digest.subarray(0, 10)].map((byte) => alphabet[byte % alphabet.length]).join("");
}
