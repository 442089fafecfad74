"""The CIFAR family of residual networks of He et al. (2016), section 4.2.

A first 3x3 convolution, three stages of ``n`` blocks of two 3x3 convolutions
each, whose widths double while the image halves, a global average and a linear
layer: 6n + 2 layers in all. Where a stage changes the shape, the shortcut is a
1x1 convolution (option B of the paper).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """Two 3x3 convolutions, and the shortcut around them unless it is left out."""

    def __init__(self, inputs: int, outputs: int, stride: int, residual: bool) -> None:
        super().__init__()
        self.residual = residual
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module | None = None
        if residual and (stride != 1 or inputs != outputs):
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False),
                nn.BatchNorm2d(outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        out = torch.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.residual:
            out = out + (x if self.shortcut is None else self.shortcut(x))
        return torch.relu(out)


class ResNet(nn.Module):
    """A network of ``depth`` = 6n + 2 layers, with or without its shortcuts.

    Args:
        depth: Number of layers with weights, 8, 14, 20, 32, 44, 56, 110, ...
        width: Channels of the first stage; the next two have twice and four times as many.
        channels: Channels of the input, 1 for digits and 3 for CIFAR-10.
        classes: Number of logits.
        residual: Whether the blocks have shortcuts. Without, it is the paper's "plain" network.
    """

    def __init__(
        self,
        depth: int = 20,
        width: int = 4,
        channels: int = 1,
        classes: int = 10,
        residual: bool = True,
    ) -> None:
        super().__init__()
        blocks, rest = divmod(depth - 2, 6)
        if rest != 0 or blocks < 1:
            raise ValueError(f"depth must be 6n + 2 (8, 14, 20, ...), not {depth}")

        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = _stage(blocks, width, width, 1, residual)
        self.layer2 = _stage(blocks, width, 2 * width, 2, residual)
        self.layer3 = _stage(blocks, 2 * width, 4 * width, 2, residual)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4 * width, classes)

        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(self.pool(x), 1))


def _stage(blocks: int, inputs: int, outputs: int, stride: int, residual: bool) -> nn.Sequential:
    first = Block(inputs, outputs, stride, residual)
    return nn.Sequential(first, *(Block(outputs, outputs, 1, residual) for _ in range(blocks - 1)))
