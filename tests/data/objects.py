"""Stand-ins for what other libraries hold data in: each has of the real class what is used of it, and comes from a module of its name."""

from __future__ import annotations

from typing import Any

import numpy as np


def of(library: str):
    """A class that says it comes from `library`."""

    def said(kind: type) -> type:
        kind.__module__ = f"{library}.anything"
        return kind

    return said


@of("torch")
class Tensor:
    """PyTorch's: NumPy may not have what needs a gradient or lies elsewhere, nor bfloat16."""

    def __init__(self, array: Any, *, grad: bool = False, device: str = "cpu", dtype: str = "", fault: str = ""):
        self.array, self.grad, self.device, self.fault = np.asarray(array), grad, device, fault
        self.dtype = dtype or f"torch.{self.array.dtype}"

    def _like(self, **changed: Any) -> Tensor:
        return Tensor(
            self.array,
            **({"grad": self.grad, "device": self.device, "dtype": self.dtype, "fault": self.fault} | changed),
        )

    def detach(self) -> Tensor:
        return self._like(grad=False)

    def cpu(self) -> Tensor:
        return self._like(device="cpu")

    def float(self) -> Tensor:
        return Tensor(self.array.astype(np.float32))

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        if self.fault or self.grad or self.device != "cpu" or self.dtype == "torch.bfloat16":
            raise TypeError(self.fault or "can't convert to numpy")
        return self.array

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, row: int) -> Tensor:
        return self._like() if row is None else Tensor(self.array[row])


class Columns:
    """A Dataset of Hugging Face's datasets: rows are dictionaries, features say what a column holds."""

    def __init__(self, features: dict[str, Any], **columns: Any):
        self.features, self.columns = features, columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, row: int) -> dict[str, Any]:
        return {name: column[row] for name, column in self.columns.items()}

    def __iter__(self):
        return (self[row] for row in range(len(self)))


class Image:
    """A feature."""


class Value:
    """A feature."""


class ClassLabel:
    """A feature, with the names of the classes."""

    def __init__(self, names: list[str]):
        self.names = names


class Items:
    """A Dataset of PyTorch's or torchvision's: (image, label) by number."""

    def __init__(self, images: Any, labels: Any, **more: Any):
        self.images, self.labels = images, labels
        self.__dict__.update(more)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple[Any, Any]:
        return self.images[row], self.labels[row]


class Dictionaries(Items):
    """One whose items are dictionaries."""

    def __getitem__(self, row: int) -> Any:
        return self.images[row]


@of("torchvision")
class Stored(Items):
    """One of torchvision's that holds all images in an array."""

    def __init__(self, data: Any, targets: Any, classes: list[str], transform: Any = None):
        super().__init__(data, targets, data=data, targets=targets, classes=classes, transform=transform)
        self.asked = 0

    def __getitem__(self, row: int) -> tuple[Any, Any]:
        self.asked += 1
        image = self.images[row]
        return self.transform(image) if self.transform else image, self.labels[row]


class Subset:
    """A part of another Dataset."""

    def __init__(self, dataset: Any, rows: list[int]):
        self.dataset, self.rows = dataset, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> Any:
        return self.dataset[self.rows[row]]
