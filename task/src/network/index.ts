/** What needs a network: a bundle of its own, so that a step without it does not load it. */
export { ask } from "./http";
export { findTool, getTool } from "./tools";
