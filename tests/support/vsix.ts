import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import JSZip from "jszip";
import { root } from "./repository";

const dist = path.join(root, "dist");

/** The packaged extension. */
function extensionFile(): string {
  const [extension] = readdirSync(dist).filter((file) => file.endsWith(".vsix"));
  if (!extension) throw new Error("there is no extension: npm run package makes it");
  return path.join(dist, extension);
}

/** Unpacks the packaged extension into a folder, and tells which files it held. */
export async function unpackExtension(folder: string): Promise<string[]> {
  const zip = await JSZip.loadAsync(readFileSync(extensionFile()));
  const files = Object.values(zip.files).filter((entry) => !entry.dir);
  for (const file of files) {
    const target = path.join(folder, file.name);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, await file.async("nodebuffer"));
  }
  return files.map((file) => file.name);
}
