/**
 * The bytes of a 64-bit Windows DLL without code: its one function is that of another DLL, which
 * `target` names as `dll.function`. The layout is that of Microsoft's "PE Format": headers, and a
 * section that is an export directory.
 */
export function forwarder(name, func, target) {
  const at = 0x1000;
  const places = { functions: 40, names: 44, ordinals: 48, texts: 50 };
  const texts = [target, name, func].map((text) => Buffer.from(`${text}\0`, "latin1"));
  const [targetAt, nameAt, funcAt] = texts.map(
    (_, i) => at + places.texts + Buffer.concat(texts.slice(0, i)).length,
  );
  const size = places.texts + Buffer.concat(texts).length;

  const image = Buffer.alloc(0x400);
  image.write("MZ", "latin1");
  image.writeUInt32LE(0x40, 0x3c);
  image.write("PE\0\0", 0x40, "latin1");
  const numbers = (offset, write, values) =>
    Object.entries(values).forEach(([place, value]) => {
      image[write](value, offset + Number(place));
    });
  const coff = 0x44;
  // The processor, one section, the size of what follows; a DLL for any address.
  numbers(coff, "writeUInt16LE", { 0: 0x8664, 2: 1, 16: 240, 18: 0x2022 });
  const optional = coff + 20;
  // PE32+; the versions of Windows; the subsystem.
  numbers(optional, "writeUInt16LE", { 0: 0x20b, 40: 6, 48: 6, 68: 2 });
  // Alignment in memory and file; the sizes of all and of the headers; how many directories.
  numbers(optional, "writeUInt32LE", { 32: at, 36: 0x200, 56: 2 * at, 60: 0x200, 108: 16 });
  image.writeBigUInt64LE(0x1_8000_0000n, optional + 24);
  numbers(optional + 112, "writeUInt32LE", { 0: at, 4: size });
  const section = optional + 240;
  image.write(".edata", section, "latin1");
  // Its sizes and places in memory and file; data that is read.
  numbers(section, "writeUInt32LE", { 8: size, 12: at, 16: 0x200, 20: 0x200, 36: 0x4000_0040 });
  const directory = 0x200;
  // The DLL's name, the first ordinal, one function, one name, and the three tables.
  numbers(directory, "writeUInt32LE", {
    12: nameAt,
    16: 1,
    20: 1,
    24: 1,
    28: at + places.functions,
    32: at + places.names,
    36: at + places.ordinals,
    [places.functions]: targetAt,
    [places.names]: funcAt,
  });
  Buffer.concat(texts).copy(image, directory + places.texts);
  return image;
}
