"""The process in which one thumbnail is made: a picture on standard input, eight bytes of sides and a WebP on standard
output. It holds no connection, no key and no secret, and ends with its picture.

Only four loaders of libvips exist in it, so that a file cannot choose a parser that nobody meant to expose.
"""

import resource
import struct
import sys

import pyvips

WRITABLE_BYTES, CPU_SECONDS = 512 << 20, 30
"""Above these the process fails, not the machine."""
QUALITY = 80


def main(side: int) -> int:
    """Exit status 1 for a picture that cannot be read."""
    resource.setrlimit(resource.RLIMIT_DATA, (WRITABLE_BYTES, WRITABLE_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    pyvips.operation_block_set("VipsForeignLoad", True)
    for loader in ("Jpeg", "Png", "Webp", "Heif"):
        pyvips.operation_block_set(f"VipsForeignLoad{loader}", False)
    pyvips.cache_set_max(0)
    try:
        source = pyvips.Source.new_from_descriptor(0)
        small = pyvips.Image.thumbnail_source(
            source, side, height=side, size="down", output_profile="srgb", fail_on="truncated"
        )
        data = small.webpsave_buffer(Q=QUALITY, keep="none")
    except pyvips.Error:
        return 1
    sys.stdout.buffer.write(struct.pack(">II", small.width, small.height) + data)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
