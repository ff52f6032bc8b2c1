/** Images of a few bytes, as documents of a registry. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

export type MediaTypes = "oci" | "docker";

export interface Blob {
  mediaType: string;
  digest: string;
  content: Buffer;
}

export interface Image {
  manifest: Blob;
  blobs: Blob[];
}

const types = {
  oci: {
    index: "application/vnd.oci.image.index.v1+json",
    manifest: "application/vnd.oci.image.manifest.v1+json",
    config: "application/vnd.oci.image.config.v1+json",
    layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  },
  docker: {
    index: "application/vnd.docker.distribution.manifest.list.v2+json",
    manifest: "application/vnd.docker.distribution.manifest.v2+json",
    config: "application/vnd.docker.container.image.v1+json",
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  },
};

/** An empty tar archive. */
const archive = Buffer.alloc(1024);

/** `os/architecture/variant` as an object; Windows has the version that its images name. */
function platformOf(text: string) {
  const [os = "", architecture = "", variant] = text.split("/");
  const version = os === "windows" ? { "os.version": "10.0.20348.2700" } : {};
  return { os, architecture, ...version, ...(variant !== undefined && { variant }) };
}

/** What an image says of itself. */
export interface Says {
  /** In its manifest. */
  annotations?: Record<string, string>;
  /** In its configuration. */
  labels?: Record<string, string>;
  created?: string;
}

/** An image for one platform; each label makes another one. */
export function image(
  platform: string,
  label: string,
  mediaTypes: MediaTypes,
  { annotations, labels, created }: Says = {},
): Image {
  const { manifest, config, layer } = types[mediaTypes];
  const layers = [blob(layer, gzipSync(archive))];
  const configuration = document(config, {
    ...platformOf(platform),
    ...(created !== undefined && { created }),
    config: { Labels: { made: label, ...labels } },
    rootfs: { type: "layers", diff_ids: [digestOf(archive)] },
  });
  const content = {
    schemaVersion: 2,
    mediaType: manifest,
    config: descriptorOf(configuration),
    layers: layers.map(descriptorOf),
    ...(annotations !== undefined && { annotations }),
  };
  return { manifest: document(manifest, content), blobs: [configuration, ...layers] };
}

/** The list of images for several platforms; `unknown/unknown` is what docker build attests. */
export function index(images: [string, Image][], mediaTypes: MediaTypes): Blob {
  const { index: mediaType } = types[mediaTypes];
  const [, first] = images[0] ?? [];
  const manifests = images.map(([platform, { manifest }]) => ({
    ...descriptorOf(manifest),
    platform: platformOf(platform),
    ...(platform === "unknown/unknown" && {
      annotations: {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": first?.manifest.digest,
      },
    }),
  }));
  return document(mediaType, { schemaVersion: 2, mediaType, manifests });
}

function document(mediaType: string, content: object): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(content, null, 2)));
}

function blob(mediaType: string, content: Buffer): Blob {
  return { mediaType, content, digest: digestOf(content) };
}

function descriptorOf({ mediaType, digest, content }: Blob) {
  return { mediaType, digest, size: content.length };
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
