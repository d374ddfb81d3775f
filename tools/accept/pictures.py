"""Makes pictures of all kinds, and says what the program must see in them.

    python pictures.py kinds FOLDER    a folder of pictures, one a kind; prints a line for each look
                                       at one: the name, the checksum, and the options of the look
    python pictures.py cut FOLDER      20 JPEGs, of which the one named cut.jpg is cut short
    python pictures.py classes FOLDER  two sub-folders of 5 pictures
    python pictures.py size FOLDER N   a picture of N x N
    python pictures.py falls LOG N     the mean of the first N losses, of the last N, and their ratio

The checksum is that of everything that training sees, as checkpoints hold it: SHA-256 of the three
axes [channels, height, width], as little-endian 64-bit integers, and of the values, as float32. The
values are exact: JPEGs are made of grey blocks that survive the compression, and all values follow
from the samples s of the file, in float32, as documented:

    value = (2 s - max)/max
    grey = g + 0.299 (r - g) + 0.114 (b - g)
    blended = opacity * colour + (1 - opacity) * background
"""

import hashlib
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

F = np.float32
RANDOM = np.random.default_rng(2)


def kinds(folder):
    folder = Path(folder)
    folder.mkdir()

    def look(name, values, *options):
        # What is blended of bytes is rounded to bytes.
        values = values if "16" in name else [rounded(value) for value in values]
        print(name, checksum(values), *options)

    def saved(name, picture, *options, **settings):
        picture.save(folder / name, **settings)

    rgb = RANDOM.integers(0, 256, (16, 16, 3), np.uint8)
    alpha = RANDOM.integers(0, 256, (16, 16), np.uint8)
    alpha[0, :2] = 0, 255
    grey = RANDOM.integers(0, 256, (16, 16), np.uint8)
    blocks = np.kron(np.array([[10, 90], [170, 250]], np.uint8), np.ones((8, 8), np.uint8))

    saved("grey.png", Image.fromarray(grey))
    look("grey.png", [model(grey)])
    look("grey.png", [model(grey)] * 3, "--channels", "3")
    saved("grey-alpha.png", Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha)]))
    look("grey-alpha.png", [blended(model(grey), alpha, 1)])
    saved("rgb.png", Image.fromarray(rgb))
    look("rgb.png", colours(rgb))
    look("rgb.png", [luma(*colours(rgb))], "--channels", "1")
    look("rgb.png", [*colours(rgb), np.ones((16, 16), F)], "--channels", "4")
    rgba = Image.fromarray(np.dstack([rgb, alpha]))
    saved("rgba.png", rgba)
    look("rgba.png", [blended(channel, alpha, 1) for channel in colours(rgb)])
    black = [blended(channel, alpha, -1) for channel in colours(rgb)]
    look("rgba.png", black, "--background", "black")
    look("rgba.png", [luma(*black)], "--background", "black", "--channels", "1")
    look("rgba.png", [*colours(rgb), F(2) * opacity(alpha) - F(1)], "--channels", "4")

    palette = Image.fromarray(rgb).quantize(8)
    known = np.asarray(palette.convert("RGB"))
    saved("palette.png", palette)
    look("palette.png", colours(known))
    opacities = bytes([0, 40, 80, 120, 160, 200, 240, 255])
    saved("palette-transparent.png", palette, transparency=opacities)
    seen = np.frombuffer(opacities, np.uint8)[np.asarray(palette)]
    look("palette-transparent.png", [blended(channel, seen, 1) for channel in colours(known)])
    saved("one-bit.png", Image.fromarray(grey).convert("1"))
    look("one-bit.png", [model(np.asarray(Image.open(folder / "one-bit.png").convert("L")))])
    words = np.resize(np.array([0, 257, 32768, 65535], np.uint16), (16, 16))
    saved("grey16.png", Image.fromarray(words))
    look("grey16.png", [model(words, 65535)])
    deep = RANDOM.integers(0, 65536, (16, 16, 3), np.uint16)
    (folder / "rgb16.png").write_bytes(png(deep))
    look("rgb16.png", colours(deep, 65535))
    (folder / "interlaced.png").write_bytes(png(rgb, interlaced=True))
    look("interlaced.png", colours(rgb))

    exact = {"quality": 100}
    three = [model(blocks)] * 3
    saved("grey.jpg", Image.fromarray(blocks), **exact)
    look("grey.jpg", three[:1])
    saved("UPPER.JPG", Image.fromarray(blocks).convert("RGB"), **exact)
    look("UPPER.JPG", three)
    saved("progressive.jpg", Image.fromarray(blocks).convert("RGB"), **exact, progressive=True)
    look("progressive.jpg", three)
    ink = np.zeros((16, 16, 4), np.uint8)
    ink[..., 3] = 255 - blocks
    saved("cmyk.jpg", Image.fromarray(ink, "CMYK"), **exact)
    look("cmyk.jpg", three)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it clockwise: the stored top left is the top right that is seen
    saved("exif-6.jpg", Image.fromarray(blocks[:8]), **exact, exif=exif)
    look("exif-6.jpg", [np.rot90(model(blocks[:8]), -1)])
    saved("png-named.jpg", Image.fromarray(rgb), format="PNG")
    look("png-named.jpg", colours(rgb))
    saved("no-suffix", Image.fromarray(rgb), format="PNG")
    look("no-suffix", colours(rgb))

    saved("alpha.webp", rgba, lossless=True, exact=True)
    look("alpha.webp", [blended(channel, alpha, 1) for channel in colours(rgb)])
    saved("lossy.webp", Image.fromarray(rgb).resize((32, 32)), quality=80)
    look("lossy.webp", colours(np.asarray(Image.open(folder / "lossy.webp"))))
    frames = [palette, palette.transpose(Image.Transpose.ROTATE_180)]
    saved("animated.gif", frames[0], save_all=True, append_images=frames[1:])
    look("animated.gif", colours(known))
    saved("rgb.bmp", Image.fromarray(rgb))
    look("rgb.bmp", colours(rgb))
    saved("rgb.tiff", Image.fromarray(rgb))
    look("rgb.tiff", colours(rgb))

    wide = RANDOM.integers(0, 256, (24, 40, 3), np.uint8)
    saved("wide.png", Image.fromarray(wide))
    look("wide.png", colours(wide))
    look("wide.png", [channel[:, 8:32] for channel in colours(wide)], "--size", "24")
    boxed = [np.pad(channel, ((8, 8), (0, 0)), constant_values=F(-1)) for channel in colours(wide)]
    look("wide.png", boxed, "--size", "40", "--fit", "letterbox", "--background", "black")


def model(samples, most=255):
    return (F(2) * samples.astype(F) - F(most)) / F(most)


def colours(rgb, most=255):
    return [model(rgb[..., i], most) for i in range(3)]


def luma(r, g, b):
    return g + F(0.299) * (r - g) + F(0.114) * (b - g)


def opacity(alpha):
    return (model(alpha) + F(1)) / F(2)


def blended(colour, alpha, background):
    return opacity(alpha) * colour + (F(1) - opacity(alpha)) * F(background)


def rounded(values):
    return model(np.floor(F(127.5) * values + F(128)).clip(0, 255))


def checksum(channels):
    values = np.stack(channels)
    assert values.dtype == F
    axes = struct.pack("<3Q", *values.shape)
    return hashlib.sha256(axes + values.astype("<f4").tobytes()).hexdigest()


def png(rgb, interlaced=False):
    """A PNG with what Pillow does not write: 16 bits a colour, and the seven passes of Adam7."""
    height, width, _ = rgb.shape
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2)]
        passes += [(0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b"".join(
        b"\0" + row.astype(rgb.dtype.newbyteorder(">")).tobytes()
        for y, x, down, right in passes
        for row in rgb[y::down, x::right]
    )
    chunk = lambda kind, data: (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    )
    head = struct.pack(">2I5B", width, height, 8 * rgb.itemsize, 2, 0, 0, interlaced)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def any_picture(height, width):
    return Image.fromarray(RANDOM.integers(0, 256, (height, width, 3), np.uint8))


def cut(folder):
    folder = Path(folder)
    folder.mkdir()
    for i in range(19):
        any_picture(16, 16).save(folder / f"{i:02}.jpg")
    any_picture(16, 16).save(folder / "cut.jpg")
    whole = (folder / "cut.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: 2 * len(whole) // 3])


def classes(folder):
    for name in ["cats", "dogs"]:
        (Path(folder) / name).mkdir(parents=True)
        for i in range(5):
            any_picture(16, 16).save(Path(folder) / name / f"{i}.png")


def size(folder, side):
    Path(folder).mkdir(exist_ok=True)
    any_picture(int(side), int(side)).save(Path(folder) / f"{side}.png")


def falls(log, count):
    lines = map(json.loads, Path(log).read_text().splitlines())
    losses = [line["loss"] for line in lines if "loss" in line]
    first, last = np.mean(losses[: int(count)]), np.mean(losses[-int(count) :])
    print(f"{first:.4f} {last:.4f} {last / first:.3f}")


if __name__ == "__main__":
    commands = {"kinds": kinds, "cut": cut, "classes": classes, "size": size, "falls": falls}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
