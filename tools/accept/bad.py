"""Makes files that are no data, in the current folder: damaged, empty, or of the wrong kind.

    python bad.py
"""

import gzip
import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

RANDOM = np.random.default_rng(3)


def write(name, data):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def half(data):
    return data[: len(data) // 2]


def encoded(format, side=16, **settings):
    file = io.BytesIO()
    pixels = RANDOM.integers(0, 256, (side, side, 3), np.uint8)
    Image.fromarray(pixels).save(file, format, **settings)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def idx(shape, length=None, kind=8):
    length = np.prod(shape, dtype=object) if length is None else length
    return struct.pack(f">2x2B{len(shape)}I", kind, len(shape), *shape) + bytes(length)


def files():
    os.makedirs("nothing")
    write("empty", b"")
    write("one-byte", b"7")
    write("text.txt", "The quick brown fox jumps over the lazy dog.\n")
    write("hidden/.one.png", encoded("PNG"))
    os.symlink("no-such-file.png", "broken-link.png")
    os.makedirs("broken-links")
    os.symlink("../no-such-file.png", "broken-links/one.png")
    os.mkfifo("pipe")
    os.mkfifo("pipe.png")
    os.makedirs("folder.csv")
    os.makedirs("folder.npy")
    os.makedirs("folder.png")
    os.symlink("loop", "loop")


def pictures():
    write("text.png", "The quick brown fox\n")
    write("page.png", "<!DOCTYPE html><html><body>404 Not Found</body></html>")
    write("vector.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    write("empty.png", b"")
    write("head.png", encoded("PNG")[:8])
    for format in ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]:
        write(f"cut.{format.lower()}", half(encoded(format)))
    damaged = bytearray(encoded("PNG"))
    damaged[len(damaged) // 2] ^= 0xFF
    write("damaged.png", bytes(damaged))
    # A picture of 60000 x 60000, as its header says.
    huge = bytearray(encoded("PNG"))
    huge[16:24] = struct.pack(">2I", 60000, 60000)
    huge[29:33] = struct.pack(">I", zlib.crc32(huge[12:29]))
    write("huge.png", bytes(huge))
    write("huge.pgm", b"P5 60000 60000 255\n")
    write("photo.heic", b"\0\0\0\x18ftypheic" + bytes(40))
    write("photo.avif", b"\0\0\0\x18ftypavif" + bytes(40))
    write("300.png", encoded("PNG", 300))
    write("good.png", encoded("PNG"))
    write("stray/a/1.png", encoded("PNG"))
    write("stray/2.png", encoded("PNG"))
    write("hollow/a/1.png", encoded("PNG"))
    os.makedirs("hollow/b")
    write("flat/1.png", encoded("PNG"))
    for i in range(19):
        write(f"twenty/{i:02}.jpg", encoded("JPEG"))
    write("twenty/cut.jpg", half(encoded("JPEG")))
    write("all-bad/1.png", half(encoded("PNG")))
    write("all-bad/2.jpg", half(encoded("JPEG")))
    write("texts/1.txt", "one")
    write("texts/2.md", "two")


def arrays():
    good = npy(RANDOM.random((4, 8, 8), np.float32))
    write("good.npy", good)
    write("cut.npy", half(good))
    write("longer.npy", good + b"more")
    write("head.npy", good[:6])
    write("no-header.npy", good[:10] + b"{" * 118)
    write("text.npy", "The quick brown fox\n")
    write("empty.npy", b"")
    write("strings.npy", npy(np.array([["a", "b"], ["c", "d"]])))
    write("objects.npy", npy(np.array([[1, "b"], [None, 2]], dtype=object)))
    write("complex.npy", npy(np.ones((4, 2), np.complex64)))
    write("dates.npy", npy(np.array(["2024-01-01"] * 4, "datetime64[D]")))
    write("records.npy", npy(np.zeros(4, [("a", "<f4"), ("b", "<i4")])))
    with_nan = RANDOM.random((4, 8, 8), np.float32)
    with_nan[2, 3, 4] = np.nan
    write("nan.npy", npy(with_nan))
    with_inf = RANDOM.random((4, 3))
    with_inf[1, 2] = np.inf
    write("inf-rows.npy", npy(with_inf))
    write("5-d.npy", npy(np.zeros((2, 3, 3, 8, 8), np.float32)))
    write("0-d.npy", npy(np.float32(7)))
    write("2-channels.npy", npy(np.zeros((4, 2, 8, 8), np.float32)))
    write("no-rows.npy", npy(np.zeros((0, 8, 8), np.float32)))
    write("no-columns.npy", npy(np.zeros((4, 0), np.float32)))
    write("words.npy", npy(np.zeros((4, 8, 8), np.int32)))
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (999999999, 999999999), }"
    write("huge.npy", b"\x93NUMPY\x01\0\x76\0" + header.ljust(117) + b"\n" + bytes(64))
    big = b"{'descr': '<f4', 'fortran_order': False, 'shape': (100000, 1000, 100), }"
    write("large.npy", b"\x93NUMPY\x01\0\x76\0" + big.ljust(117) + b"\n" + bytes(64))
    write("cut.npz", half(npz(x=np.zeros((4, 8, 8), np.uint8))))
    write("other.npz", npz(weights=np.zeros(3), bias=np.zeros(3)))
    write("labels.npz", npz(x=np.zeros((4, 8, 8), np.uint8), y=np.zeros(3, np.uint8)))
    write("strings.npz", npz(x=np.zeros((4, 8, 8), np.uint8), y=np.array(["a", "b", "a", "b"])))
    write("empty.npz", b"PK\x05\x06" + bytes(18))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("letter.docx", "no array")
    write("letters.zip", file.getvalue())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", b"no array")
    write("text.npz", file.getvalue())
    # A gigabyte of zeros, packed; its header promises 64 values.
    small = npy(np.zeros((1, 8, 8), np.float32))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("x.npy", "w", force_zip64=True) as entry:
            entry.write(small)
            for _ in range(1024):
                entry.write(bytes(1 << 20))
    write("bomb.npz", file.getvalue())


def idx_files():
    good = idx([4, 8, 8])
    write("good-idx3", good)
    write("cut-idx3", half(good))
    write("longer-idx3", good + b"more")
    write("head-idx3", good[:8])
    write("cut-idx3.gz", half(gzip.compress(RANDOM.bytes(16) + good)))
    write("cut-images-idx3.gz", gzip.compress(idx([4, 8, 8], 200)))
    packed = gzip.compress(idx([4, 8, 8], 0) + RANDOM.bytes(256))
    write("torn-idx3.gz", packed[:-60])
    write("labels-idx1", idx([4]))
    write("empty-idx3", idx([0, 8, 8]))
    write("flat-idx3", idx([4, 0, 8]))
    write("huge-idx3", idx([0xFFFFFFFF] * 3, 16))
    write("large-idx3", idx([60000, 1000, 1000], 16))
    write("floats-idx3", idx([4, 8, 8], 1024, 13))
    write("four-idx4", idx([2, 3, 8, 8]))
    write("few/train-images-idx3-ubyte", good)
    write("few/train-labels-idx1-ubyte", idx([3]))
    write("wrong/train-images-idx3-ubyte", good)
    write("wrong/train-labels-idx1-ubyte", "no labels")
    write("text.gz", gzip.compress(b"The quick brown fox\n"))
    write("table.csv.gz", gzip.compress(b"a,b\n1,2\n3,4\n"))


def tables():
    write("empty.csv", "")
    write("blank.csv", "\n\n  \n")
    write("header.csv", "a,b\n")
    write("no-header.csv", "7,2\n3,4\n")
    write("missing.csv", "age,size\n1,2\n,3\n4,\n,5\n,6\n")
    write("nan.csv", "a,b\n1,NaN\n2,3\n")
    write("inf.csv", "a,b\n1,inf\n2,3\n")
    write("huge.csv", "a,b\n1,1e999\n2,3\n")
    write("names.csv", "name,age\nAda,36\nAlan,41\n")
    write("ragged.csv", "a,b\n1,2\n3\n4,5\n")
    write("long.csv", "a,b\n1,2\n3,4,5\n")
    write("twice.csv", "a,b,a\n1,2,3\n")
    write("nameless.csv", "a,,c\n1,2,3\n")
    write("comma.csv", "a;b\n1,5;2,5\n3,5;4,5\n")
    write("binary.csv", bytes(range(256)) * 8)
    write("latin.csv", "größe\n1\n".encode("latin-1"))
    write("utf-16.csv", "a,b\n1,2\n".encode("utf-16"))
    write("quote.csv", 'a,b\n"1,2\n3,4\n')
    write("wide.csv", ",".join(f"c{i}" for i in range(20000)) + "\n" + "1," * 19999 + "1\n")
    write("dates.csv", "day,x\n2024-01-01,1\n2024-01-02,2\n")
    write("percent.csv", "a,b\n10%,1\n20%,2\n")
    write("page.csv", "<html>\n<body>\n<p>404 Not Found</p>\n</body>\n</html>\n")
    write("bars.csv", "a|b\n1|2\n")
    write("words.csv", "a,b\ntrue,false\n")
    write("gap.csv", "a\n1\n\n2\n")
    write("mark.csv", b"\xef\xbb\xbf")
    write("good.csv", "a,b\n1,2.5\n2,3.5\n3,0.5\n")


def starts():
    """Arrays to sample from: of digits, [n, 1, 8, 8]."""
    write("init.npy", npy(np.zeros((2, 1, 8, 8), np.float32)))
    write("init-wide.npy", npy(np.zeros((2, 1, 8, 9), np.float32)))
    write("init-flat.npy", npy(np.zeros((2, 64), np.float32)))
    write("init-none.npy", npy(np.zeros((0, 1, 8, 8), np.float32)))
    write("init-nan.npy", npy(np.full((2, 1, 8, 8), np.nan, np.float32)))
    write("init-bytes.npy", npy(np.zeros((2, 1, 8, 8), np.uint8)))


if __name__ == "__main__":
    for make in [files, pictures, arrays, idx_files, tables, starts]:
        make()
