import type { Event } from "./protocol";

/** Tells the core what happened; the bytes of an `output` event go beside it. */
export type Report = (event: Event, chunk?: Uint8Array) => void;
