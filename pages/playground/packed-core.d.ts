/** dist/core/core_bg.wasm, packed with gzip by the bundler. */
declare module "packed-core" {
  const packed: Uint8Array<ArrayBuffer>;
  export default packed;
}
