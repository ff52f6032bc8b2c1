import { Writable } from "node:stream";
import * as tl from "azure-pipelines-task-lib/task";

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });

/**
 * Asks the task library without what it writes of its answers for debugging: the values of inputs and
 * variables, of secret ones too.
 */
export function quietly<T>(ask: () => T): T {
  tl.setStdStream(nowhere);
  try {
    return ask();
  } finally {
    tl.setStdStream(process.stdout);
  }
}
