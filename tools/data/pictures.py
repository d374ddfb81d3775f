"""Writes crates/data/tests/pictures/: small pictures of every mode, and what Pillow sees in them.

    pip install pillow==13.0.0 numpy==2.4.6
    python tools/data/pictures.py crates/data/tests/pictures

Every picture shows the same scene: 16 x 12 pixels, a red, a green, a blue and a grey patch, with a
ramp of brightness over all. A line of `expected.txt` has the name, width, height, bits a sample,
and in hexadecimal the RGBA samples that Pillow decodes, right side up. A line of `resized.txt` has
the width, the height and the values of one resized picture. A line of `floats.txt` has the name,
width, height and channels of a picture in floating point, and its samples right side up, from 0 to
1: as Pillow decodes them where it can, else as numpy has them.
"""

import io
import pathlib
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageOps

WIDTH, HEIGHT = 16, 12


def scene():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    patches = np.array([[[200, 30, 30], [30, 180, 40]], [[40, 60, 220], [128, 128, 128]]])
    colour = patches[y * 2 // HEIGHT, x * 2 // WIDTH]
    return (colour * (0.7 + 0.3 * x / (WIDTH - 1))[..., None]).astype(np.uint8)  # [12, 16, 3]


def words():
    """The scene with 16 bits a sample, low bits of their own."""
    return scene().astype(np.uint16) * 257 + np.arange(WIDTH, dtype=np.uint16)[None, :, None]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples, bits, colour_type, interlace=0):
    """A PNG of raw samples [height, width, channels]: Pillow cannot write every mode."""
    height, width = samples.shape[:2]
    if interlace:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
                  (0, 1, 1, 2)]
        parts = [samples[y::dy, x::dx] for x, y, dx, dy in passes]
    else:
        parts = [samples]
    dtype = ">u2" if bits == 16 else "u1"
    lines = [b"\0" + line.astype(dtype).tobytes() for part in parts for line in part]
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, interlace)
    data = zlib.compress(b"".join(lines), 9)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data)
            + chunk(b"IEND", b""))


def tiff(samples, bits=32, planar=False, turned=1, format=3, order="<"):
    """A TIFF of raw samples [height, width, channels], without compression: Pillow writes floats in
    grey alone. The samples are floats, for format 3."""
    height, width, channels = samples.shape
    planes = samples.transpose(2, 0, 1) if planar else samples[None]
    data = planes.astype(f"{order}{ {3: 'f', 2: 'i'}[format]}{bits // 8}").tobytes()
    size = len(data) // len(planes)
    tags = [(256, 4, [width]), (257, 4, [height]), (258, 3, [bits] * channels), (259, 3, [1]),
            (262, 3, [2 if channels > 2 else 1]),
            (273, 4, [8 + size * plane for plane in range(len(planes))]), (274, 3, [turned]),
            (277, 3, [channels]), (278, 4, [height]), (279, 4, [size] * len(planes)),
            (284, 3, [2 if planar else 1])]
    if channels in (2, 4):
        tags.append((338, 3, [2]))
    tags.append((339, 3, [format] * channels))
    place = 8 + len(data)
    beyond, entries = b"", b""
    for tag, kind, values in tags:
        value = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(value) > 4:
            start = place + 2 + 12 * len(tags) + 4 + len(beyond)
            beyond += value
            value = struct.pack(f"{order}I", start)
        entries += struct.pack(f"{order}HHI", tag, kind, len(values)) + value.ljust(4, b"\0")
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HI", 42, place)
    return (head + data + struct.pack(f"{order}H", len(tags)) + entries + struct.pack(f"{order}I", 0)
            + beyond)


def floats():
    """Name -> file, and its samples right side up [height, width, channels]."""
    colour = (words() / 65535).astype(np.float32)
    opacity = np.broadcast_to(np.linspace(0, 1, WIDTH, dtype=np.float32)[:, None], (12, 16, 1))
    grey, rgba = colour[..., 1:2], np.concatenate([colour, opacity], 2)
    half, double = grey.astype(np.float16), grey.astype(np.float64) ** 0.5
    pillow = encoded(Image.fromarray(grey[..., 0]), "TIFF", compression="tiff_adobe_deflate")
    decoded = np.asarray(Image.open(io.BytesIO(pillow)))[..., None]
    assert decoded.dtype == np.float32 and (decoded == grey).all()
    return {
        "grey-float.tiff": (pillow, decoded),
        "rgb-float.tiff": (tiff(colour), colour),
        "rgba-float.tiff": (tiff(rgba), rgba),
        "grey-alpha-float.tiff": (tiff(rgba[..., 2:]), rgba[..., 2:]),
        "planar-float.tiff": (tiff(colour, planar=True), colour),
        "turned-float.tiff": (tiff(grey, turned=6), np.rot90(grey, -1)),
        "half.tiff": (tiff(half, bits=16), half),
        "double.tiff": (tiff(double, bits=64), double),
        "big-endian-float.tiff": (tiff(colour, order=">"), colour),
    }


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pictures():
    rgb = scene()
    image = Image.fromarray(rgb)
    grey = image.convert("L")
    alpha = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    rgba = image.copy()
    rgba.putalpha(alpha)
    grey_alpha = grey.copy()
    grey_alpha.putalpha(alpha)
    palette = image.quantize(8)
    cmyk = encoded(image.convert("CMYK"), "JPEG", quality=95)
    place = cmyk.index(b"Adobe") + 11
    lines = Image.fromarray(np.repeat([[[255, 0, 0]], [[0, 0, 255]]], 4, 1).astype(np.uint8))
    frames = [image, ImageOps.invert(image)]
    return {
        "grey.png": encoded(grey, "PNG"),
        "grey-alpha.png": encoded(grey_alpha, "PNG"),
        "rgb.png": encoded(image, "PNG"),
        "rgba.png": encoded(rgba, "PNG"),
        "palette.png": encoded(palette, "PNG"),
        "palette-transparent.png": encoded(palette, "PNG", transparency=bytes([0, 128, 255])),
        "one-bit.png": encoded(grey.convert("1"), "PNG"),
        "grey16.png": png(words()[..., :1], 16, 0),
        "rgb16.png": png(words(), 16, 2),
        "interlaced.png": png(rgb, 8, 2, interlace=1),
        "exif-3.png": encoded(image, "PNG", exif=orientation(3)),
        "grey.jpg": encoded(grey, "JPEG", quality=90),
        "progressive.jpg": encoded(image, "JPEG", quality=90, progressive=True, subsampling=0),
        "cmyk.jpg": cmyk,
        "ycck.jpg": cmyk[:place] + b"\x02" + cmyk[place + 1:],
        **{f"exif-{i}.jpg": encoded(image, "JPEG", quality=90, subsampling=0, exif=orientation(i))
           for i in range(1, 9)},
        "exif-6-small.jpg": encoded(lines, "JPEG", quality=100, subsampling=0, exif=orientation(6)),
        "alpha.webp": encoded(rgba, "WEBP", lossless=True, exact=True),
        "lossy.webp": encoded(image, "WEBP", quality=90),
        "animated.webp": encoded(image, "WEBP", save_all=True, append_images=frames[1:],
                                 lossless=True),
        "animated.gif": encoded(image, "GIF", save_all=True, append_images=frames[1:]),
        "still.gif": encoded(image, "GIF"),
        "animated.png": encoded(image, "PNG", save_all=True, append_images=frames[1:]),
        "two-pages.tiff": encoded(image, "TIFF", save_all=True, append_images=frames[1:]),
        "rgb.bmp": encoded(image, "BMP"),
        "rgb.tiff": encoded(image, "TIFF", compression="tiff_lzw"),
        "grey.pgm": encoded(grey, "PPM"),
        "UPPER.JPG": encoded(image, "JPEG", quality=90, subsampling=0),
        "png-named.jpg": encoded(image, "PNG"),
        "no-suffix": encoded(image, "PNG"),
    }


def orientation(value):
    exif = Image.Exif()
    exif[0x112] = value
    return exif


def expected(name, data):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if name == "rgb16.png":  # Pillow would keep 8 bits
        rgb, bits = words(), 16
    elif image.mode.startswith("I;16"):
        rgb, bits = np.repeat(np.asarray(image)[..., None], 3, 2), 16
    else:
        rgb, bits = np.asarray(image.convert("RGBA")), 8
    if rgb.shape[2] == 3:
        rgb = np.concatenate([rgb, np.full(rgb.shape[:2] + (1,), 65535)], 2)
    samples = rgb.astype(">u2" if bits == 16 else "u1").tobytes().hex()
    return f"{name} {image.width} {image.height} {bits} {samples}\n"


def resized():
    """grey16.png, from -1 to 1, resized in float32 and cut to the middle."""
    image = Image.fromarray((words()[..., 0] / 32767.5 - 1).astype(np.float32))
    for width, height, cut in [(8, 6, 8), (4, 3, 4), (24, 18, 24), (12, 9, 12), (8, 6, 6)]:
        left = (width - cut) // 2
        small = image.resize((width, height), Image.Resampling.BILINEAR)
        values = np.asarray(small)[:, left:left + cut]
        yield f"{cut} {height} {' '.join(f'{value:.7f}' for value in values.ravel())}\n"


def main(folder):
    folder = pathlib.Path(folder)
    files = pictures()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    lines = [expected(name, data) for name, data in files.items()]
    (folder / "expected.txt").write_text("".join(lines))
    (folder / "resized.txt").write_text("".join(resized()))
    lines = []
    for name, (data, samples) in floats().items():
        (folder / name).write_bytes(data)
        height, width, channels = samples.shape
        values = " ".join(f"{value:.9g}" for value in samples.astype(np.float32).ravel())
        lines.append(f"{name} {width} {height} {channels} {values}\n")
    (folder / "floats.txt").write_text("".join(lines))


if __name__ == "__main__":
    main(sys.argv[1])
