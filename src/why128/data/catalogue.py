"""The data sets known by name: where each is looked for on this machine, and where it is fetched from."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

DIGITS = tuple("0123456789")
FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
# The rows of kmnist_classmap.csv in Roman letters, as torchvision names them.
KUZUSHIJI = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
IDX_FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)
SCIKIT_DIGITS = "digits.csv.gz"


@dataclass(frozen=True)
class Download:
    """Where a set is fetched from: files below `base`, each with its SHA-256."""

    base: str
    files: dict[str, str]


@dataclass(frozen=True)
class KnownSet:
    """A data set that is known by its name."""

    name: str
    description: str
    classes: tuple[str, ...]  # in the order of the labels
    places: tuple[str, ...] = ()  # where other tools keep it; ~ is the home folder
    download: Download | None = field(default=None, repr=False)  # None: it travels inside this package

    def find(self) -> Path | None:
        """Where it lies on this machine, a folder or a file: this tool's cache first; None when it is nowhere."""
        if self.download is None:
            return sample_folder()
        for place in (cache() / self.name, *(Path(place).expanduser() for place in self.places)):
            whole = complete(place)
            if whole is not None:
                return whole
        return scikit_digits() if self.name == "digits" else None


def cache() -> Path:
    """This tool's cache folder."""
    own = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(own) if os.path.isabs(own) else Path("~/.cache").expanduser()) / "why128"


def sample_folder() -> Path:
    """The built-in sample, inside the package (which is always unpacked: it is installed by pip)."""
    return Path(str(resources.files("why128.data").joinpath("sample")))


def complete(place: Path) -> Path | None:
    """`place`, or the one file in it that is the whole set; None unless all files of a set are there."""
    try:
        if place.is_file():
            return place
        names = {entry.name for entry in place.iterdir()}
    except OSError:
        return None
    if all({file, f"{file}.gz"} & names for file in IDX_FILES):
        return place
    whole = [name for name in ("mnist.npz", SCIKIT_DIGITS) if name in names]
    return place / whole[0] if whole else None


def scikit_digits() -> Path | None:
    """The copy inside an installed scikit-learn, which is looked up and not imported."""
    found = importlib.util.find_spec("sklearn")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / "datasets" / "data" / SCIKIT_DIGITS
    return path if path.is_file() else None


def torchvision(name: str) -> tuple[str, ...]:
    """Where torchvision keeps a set by its usual `root` arguments."""
    return tuple(f"{root}/{name}/raw" for root in ("data", "datasets", "~/data", "~/datasets", "~/.torch/datasets"))


SETS = (
    KnownSet(
        "sample", "12,000 images of Fashion-MNIST, inside this package: 10,000 to learn from, 2,000 to test", FASHION
    ),
    KnownSet(
        "fashion-mnist",
        "Fashion-MNIST: 70,000 articles of clothing, 28 x 28 gray, 10 classes",
        FASHION,
        ("/usr/share/datasets/fashion-mnist", "~/.keras/datasets/fashion-mnist", *torchvision("FashionMNIST")),
        # SHA-256 from TensorFlow Datasets (url_checksums/fashion_mnist.txt).  Debian's files hold the same images, packed anew.
        Download(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            {
                f"{TRAIN_IMAGES}.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                f"{TRAIN_LABELS}.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                f"{TEST_IMAGES}.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                f"{TEST_LABELS}.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            },
        ),
    ),
    KnownSet(
        "mnist",
        "MNIST: 70,000 handwritten digits, 28 x 28 gray, 10 classes",
        DIGITS,
        ("~/.keras/datasets/mnist.npz", "~/.keras/datasets/mnist", "/usr/share/datasets/mnist", *torchvision("MNIST")),
        # URL and SHA-256 from Keras 3.15 (keras/src/datasets/mnist.py).
        Download(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            {"mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"},
        ),
    ),
    KnownSet(
        "kmnist",
        "Kuzushiji-MNIST: 70,000 characters of old Japanese books, 28 x 28 gray, 10 classes",
        KUZUSHIJI,
        torchvision("KMNIST"),
        # SHA-256 from TensorFlow Datasets (url_checksums/kmnist.txt).
        Download(
            "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            {
                f"{TRAIN_IMAGES}.gz": "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
                f"{TRAIN_LABELS}.gz": "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
                f"{TEST_IMAGES}.gz": "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
                f"{TEST_LABELS}.gz": "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
            },
        ),
    ),
    KnownSet(
        "digits",
        "scikit-learn's digits: 1,797 handwritten digits, 8 x 8 gray, values 0 to 16 read as 0 to 1",
        DIGITS,
        (),
        # SHA-256 computed from the file inside scikit-learn 1.9.1; its repository has the same file.
        Download(
            "https://raw.githubusercontent.com/scikit-learn/scikit-learn/1.5.0/sklearn/datasets/data/",
            {SCIKIT_DIGITS: "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"},
        ),
    ),
)


def known() -> tuple[KnownSet, ...]:
    """The data sets known by name; the built-in sample first."""
    return SETS
