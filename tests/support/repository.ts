import { readFileSync } from "node:fs";
import path from "node:path";

/** The folder of this repository. */
export const root = path.join(__dirname, "../..");

/** The task as it was built, which is also what was packed last. */
export const builtTask = path.join(root, "dist/task");

/** The text of a file, by its path in the repository. */
export const read = (file: string) => readFileSync(path.join(root, file), "utf8");

/** What a file of JSON holds, by its path in the repository. */
export const json = (file: string) => JSON.parse(read(file));
