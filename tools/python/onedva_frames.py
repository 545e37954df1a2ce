# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Decodes videos into tensors by libonedva.so, in memory or on an NVIDIA GPU, where frames stay. ffmpeg only takes the
packets out of the file. Needs neither numpy nor PyTorch; whatever reads DLPack can take the planes.

    import onedva_frames
    for clip in onedva_frames.clips("video.mkv", "cuda"):       # or "cpu"
        y, u, v = (torch.from_dlpack(plane) for plane in clip.planes)      # uint8 [frames, height, width], on the GPU
        clip.pts                                                # of the first frame, in clip.time_base
"""
import ctypes
import subprocess

CPU, CUDA = 1, 2          # kDLCPU, kDLCUDA; the library's backends are called the same
ALIGNMENT = 64            # bytes, of rows
LOG_ERROR = 0
KIND_FRAME = 2            # ONEDVA_PACKET_FRAME


# ---- libonedva ----------------------------------------------------------------------------

LOG = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p)


class Logger(ctypes.Structure):
    _fields_ = [("log", LOG), ("opaque", ctypes.c_void_p)]


class DecoderSettings(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("steps", ctypes.c_int), ("sampler", ctypes.c_int),
                ("max_tokens", ctypes.c_int), ("smooth_clips", ctypes.c_int), ("max_pixels", ctypes.c_int64),
                ("precision", ctypes.c_int), ("backend", ctypes.c_int), ("threads", ctypes.c_int),
                ("bitexact", ctypes.c_int), ("logger", Logger), ("device", ctypes.c_int), ("vulkan", ctypes.c_void_p),
                ("cuda_context", ctypes.c_void_p)]


class Stream(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("width", "height", "timebase_num", "timebase_den", "frame_duration",
                                                      "sar_num", "sar_den")]
    _fields_ += [(name, ctypes.c_uint8) for name in ("full_range", "colour_primaries", "transfer", "matrix", "chroma_location")]
    _fields_ += [("model_id", ctypes.c_uint64), ("reserved", ctypes.c_uint64 * 8)]


class ClipInfo(ctypes.Structure):
    _fields_ = [("frames", ctypes.c_int), ("durations", ctypes.c_uint32 * 16), ("qidx", ctypes.c_int), ("layers", ctypes.c_int),
                ("layers_decoded", ctypes.c_int), ("tokens", ctypes.c_int64), ("coefficients", ctypes.c_int64),
                ("stream", Stream), ("kind", ctypes.c_int), ("frame", ctypes.c_int), ("is_key", ctypes.c_int),
                ("is_corrupt", ctypes.c_int), ("reserved", ctypes.c_uint64 * 6)]


class HostPicture(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p * 3), ("stride", ctypes.c_ssize_t * 3)]


class CudaPicture(ctypes.Structure):
    _fields_ = [("data", ctypes.c_uint64 * 3), ("stride", ctypes.c_ssize_t * 2), ("stream", ctypes.c_void_p)]


class Library:
    """libonedva.so with a model and a decoder; ValueError has the line that the library gave."""

    def __init__(self, path, model, context, **settings):
        self.line = ""
        self.logger = Logger(LOG(self._keep))
        self.model, self.decoder = ctypes.c_void_p(), ctypes.c_void_p()
        try:
            self.library = ctypes.CDLL(path)
        except OSError as error:
            raise ValueError(f"{path}: {error}; make builds it as build/lib/shared/libonedva.so") from None
        self._check(self.library.onedva_model_open(ctypes.byref(self.model), model.encode() if model else None,
                                                   ctypes.byref(self.logger)))
        wanted = DecoderSettings()
        self.library.onedva_decoder_settings_init(ctypes.byref(wanted), ctypes.c_size_t(ctypes.sizeof(wanted)))
        wanted.backend, wanted.cuda_context, wanted.logger = CUDA if context else CPU, context, self.logger
        for name, value in settings.items():
            setattr(wanted, name, value)
        self._check(self.library.onedva_decoder_open(ctypes.byref(self.decoder), self.model, ctypes.byref(wanted)))

    def _keep(self, _, level, message):
        if level == LOG_ERROR:
            self.line = message.decode(errors="replace")

    def _check(self, status):
        if status < 0:
            raise ValueError(self.line or f"libonedva failed with {status}")

    def set_stream_header(self, header):
        self._check(self.library.onedva_decoder_set_stream_header(self.decoder, header, ctypes.c_size_t(len(header))))

    def read_packet(self, packet):
        clip = ClipInfo()
        self._check(self.library.onedva_decoder_read_packet(self.decoder, packet, ctypes.c_size_t(len(packet)), ctypes.byref(clip)))
        return clip

    def reconstruct(self, pictures, on_gpu):
        name = "onedva_decoder_reconstruct_cuda" if on_gpu else "onedva_decoder_reconstruct"
        self._check(getattr(self.library, name)(self.decoder, pictures, len(pictures)))

    def close(self):
        self.library.onedva_decoder_close(ctypes.byref(self.decoder))
        self.library.onedva_model_close(ctypes.byref(self.model))


# ---- memory -------------------------------------------------------------------------------

class HostMemory:
    def __init__(self, size):
        self.bytes = ctypes.create_string_buffer(size + ALIGNMENT)
        self.address = -(-ctypes.addressof(self.bytes) // ALIGNMENT) * ALIGNMENT


class Host:
    device = (CPU, 0)
    context = None
    allocate = staticmethod(HostMemory)


class CudaMemory:
    def __init__(self, gpu, size):
        address = ctypes.c_uint64()
        self.gpu = gpu
        gpu.call("cuCtxPushCurrent_v2", gpu.context)
        try:
            gpu.call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(size))
        finally:
            gpu.call("cuCtxPopCurrent_v2", ctypes.byref(ctypes.c_void_p()))
        self.address = address.value

    def __del__(self):
        if hasattr(self, "address"):
            self.gpu.call("cuCtxPushCurrent_v2", self.gpu.context)
            self.gpu.call("cuMemFree_v2", ctypes.c_uint64(self.address))
            self.gpu.call("cuCtxPopCurrent_v2", ctypes.byref(ctypes.c_void_p()))


class Gpu:
    """A GPU's primary context, which PyTorch has, too. It stays as long as there are frames in it."""

    def __init__(self, number):
        device, self.context = ctypes.c_int(), ctypes.c_void_p()
        try:
            self.driver = ctypes.CDLL("libcuda.so.1")
        except OSError:
            raise ValueError("libcuda.so.1 was not found: install NVIDIA's driver, or decode on the CPU") from None
        self.device = (CUDA, number)
        self.call("cuInit", 0)
        self.call("cuDeviceGet", ctypes.byref(device), number)
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(self.context), device)
        self.number = device

    def call(self, name, *arguments):
        result = getattr(self.driver, name)(*arguments)
        if result:
            raise ValueError(f"CUDA: {name} failed with {result}")

    def allocate(self, size):
        return CudaMemory(self, size)

    def __del__(self):
        if hasattr(self, "number"):
            self.driver.cuDevicePrimaryCtxRelease_v2(self.number)


# ---- DLPack -------------------------------------------------------------------------------

class Tensor(ctypes.Structure):           # DLTensor
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32), ("ndim", ctypes.c_int32),
                ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
                ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64)]


class ManagedTensor(ctypes.Structure):    # DLManagedTensor
    pass


DELETER = ctypes.CFUNCTYPE(None, ctypes.POINTER(ManagedTensor))
ManagedTensor._fields_ = [("tensor", Tensor), ("context", ctypes.c_void_p), ("deleter", DELETER)]
UNSIGNED = 1

_given = {}    # address of a managed tensor: what must stay until its user is done

_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_is_valid = ctypes.pythonapi.PyCapsule_IsValid
_is_valid.restype, _is_valid.argtypes = ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p]
_get = ctypes.pythonapi.PyCapsule_GetPointer
_get.restype, _get.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]
NAME = b"dltensor"


@DELETER
def _delete(managed):
    _given.pop(ctypes.addressof(managed.contents), None)


@ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
def _end(capsule):    # one that nobody took
    if _is_valid(capsule, NAME):
        _given.pop(_get(capsule, NAME), None)


class Plane:
    """One plane of all frames of a clip, uint8 [frames, height, width], for whoever reads DLPack. It is complete."""

    def __init__(self, memory, device, offset, shape, strides):
        self.memory, self.device, self.shape, self.strides = memory, device, shape, strides
        self.address = memory.address + offset

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, stream=None, **_):
        shape, strides = (ctypes.c_int64 * 3)(*self.shape), (ctypes.c_int64 * 3)(*self.strides)
        managed = ManagedTensor(Tensor(self.address, *self.device, 3, UNSIGNED, 8, 1, shape, strides, 0), None, _delete)
        _given[ctypes.addressof(managed)] = managed, shape, strides, self.memory
        return _new(ctypes.addressof(managed), NAME, ctypes.cast(_end, ctypes.c_void_p))


# ---- clips --------------------------------------------------------------------------------

def _leb(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


def packets(video, ffmpeg="ffmpeg"):
    """(time base, stream header, pts, packet) of each clip, from an elementary stream that ffmpeg copies the packets to
    (doc/bitstream.md, annex A)."""
    command = [ffmpeg, "-v", "error", "-nostdin", "-i", video, "-map", "0:v:0", "-c", "copy", "-f", "odva", "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    data, at, base, header = done.stdout, 0, None, b""
    if done.returncode:
        raise ValueError(f"{video}: {done.stderr.decode(errors='replace').strip()}")
    while at < len(data):
        kind, size = data[at + 4], data[at + 5]
        fields, end = at + 6, at + 6 + size
        at = end + 2
        if kind == 0:
            num, place = _leb(data, fields + 2)
            den, place = _leb(data, place)
            base = num, den
            header = data[place:end] or header
        elif kind == 1:
            length, place = _leb(data, fields)
            pts, _ = _leb(data, place)
            yield base, header, -(pts + 1) // 2 if pts & 1 else pts // 2, data[at:at + length]
            at += length


class Clip:
    def __init__(self, time_base, pts, info, memory, device, layout):
        self.time_base, self.pts = time_base, pts
        self.frames, self.is_key, self.is_corrupt = info.frames, bool(info.is_key), bool(info.is_corrupt)
        self.durations = list(info.durations[:info.frames])
        self.planes = [Plane(memory, device, *place) for place in layout]


def _layout(info):
    """Where the planes of all frames are: offset, shape, strides; and how many bytes that is."""
    places, offset = [], 0
    for plane in range(3):
        width, height = ((side + (plane > 0)) >> (plane > 0) for side in (info.stream.width, info.stream.height))
        stride = -(-width // ALIGNMENT) * ALIGNMENT
        places.append((offset, (info.frames, height, width), (stride * height, stride, 1)))
        offset += info.frames * height * stride
    return places, offset


def _pictures(memory, layout, frames, on_gpu):
    pictures = ((CudaPicture if on_gpu else HostPicture) * frames)()
    for t, picture in enumerate(pictures):
        for plane, (offset, _, strides) in enumerate(layout):
            picture.data[plane] = memory.address + offset + t * strides[0]
            picture.stride[min(plane, len(picture.stride) - 1)] = strides[1]
    return pictures


def clips(video, device="cpu", *, library="libonedva.so", model=None, ffmpeg="ffmpeg", **settings):
    """The clips of a video, decoded into memory of a device: "cpu", "cuda" or "cuda:1". settings: those of
    onedva_decoder_settings, steps=1 for instance. ValueError says what is wrong."""
    place = Host() if device == "cpu" else Gpu(int(device.partition(":")[2] or 0))
    on_gpu = place.context is not None
    decoder = Library(library, model, place.context, **settings)
    last = None
    try:
        for base, header, pts, packet in packets(video, ffmpeg):
            if header != last and header:
                decoder.set_stream_header(header)
            last = header
            info = decoder.read_packet(packet)
            if info.kind == KIND_FRAME:
                continue
            layout, size = _layout(info)
            memory = place.allocate(size)
            decoder.reconstruct(_pictures(memory, layout, info.frames, on_gpu), on_gpu)
            yield Clip(base, pts, info, memory, place.device, layout)
    finally:
        decoder.close()
