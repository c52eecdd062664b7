"""The simulated hardware. A kernel may import from the grader only what this module imports."""

from .errors import HardwareError, InvalidArgument, OutOfFrames, OutOfMemory, SegmentationFault
from .kernel import Kernel, PageFault
from .process import Process
from .protection import Access, Protection
from .region import Region, RegionMap

__all__ = [
    "Access",
    "HardwareError",
    "InvalidArgument",
    "Kernel",
    "OutOfFrames",
    "OutOfMemory",
    "PageFault",
    "Process",
    "Protection",
    "Region",
    "RegionMap",
    "SegmentationFault",
]
