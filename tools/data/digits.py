"""Writes crates/data/src/digits.bin: the 1797 handwritten digits that the program carries.

Needs scikit-learn 1.9.1 (any version has the same digits: they are a copy of the file
`optdigits.tes` of the UCI Machine Learning Repository).

    pip install scikit-learn==1.9.1
    python tools/data/digits.py crates/data/src/digits.bin

Source:   E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", 1998,
          UCI Machine Learning Repository, https://doi.org/10.24432/C50P49
Licence:  Creative Commons Attribution 4.0 International (CC BY 4.0)

Layout: 1797 records of 65 bytes, nothing before, between or after them. A record is 64 pixels,
row by row from the top left, each 0 (paper) to 16 (ink), then the digit, 0 to 9.
"""

import sys

import numpy as np
from sklearn.datasets import load_digits


def main(path):
    digits = load_digits()
    pixels = digits.data.astype(np.uint8)  # [1797, 64]
    assert pixels.shape == (1797, 64) and np.array_equal(pixels, digits.data)
    labels = digits.target.astype(np.uint8)[:, None]  # [1797, 1]
    np.hstack([pixels, labels]).tofile(path)


if __name__ == "__main__":
    main(sys.argv[1])
