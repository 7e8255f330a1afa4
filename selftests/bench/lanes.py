# SPDX-License-Identifier: GPL-2.0-only
"""The cost of one packet, out and in, with and without ipsecstat.

    out-N                               in-N
    10.0.L.1 ----- tL  (packet)  tL ----- 10.0.L.2
    fd00:L::1                             fd00:L::2

A lane is a kind of packet, with its tun devices, addresses, SAs and policies in two
namespaces. The program packet sends on one side and moves the packets to the other.
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../xfrm"))
import ipsec  # noqa: E402  pylint: disable=wrong-import-position

# Built for the architecture of the guest if that differs.
BUILT = os.path.join(HERE, "../../build/guest", os.environ.get("KERNEL", ""),
                     "programs/selftests/bench")
PROGRAMS = BUILT if os.path.isdir(BUILT) else HERE
# The ways of a packet.
WAYS = ("out", "in", "dropped")
# One at a time: the state of the slab allocator would affect many.
PACKETS, ROUNDS = 1, 201
KEY = "0x" + "0123456789abcdef" * 4
TRANSFORMS = {
    "ESP": ("esp", f"aead rfc4106(gcm(aes)) {KEY[:42]} 128"),
    "AH": ("ah", f"auth-trunc hmac(sha256) {KEY} 128"),
}
# If the kernel loaded a cipher by itself, it would wait for the disk, and the clock that
# counts instructions would jump past its timeout.
MODULES = ("xfrm_user", "esp4", "esp6", "ah4", "ah6", "tun", "aesni_intel",
           "ghash_clmulni_intel", "sha256_ssse3", "sha512_ssse3", "drbg",
           "ansi_cprng", "seqiv")


class Lane:
    """One kind of packet, and its two namespaces."""

    def __init__(self, number, version, protocol, pair=0):
        self.name = f"{protocol or 'no IPsec'} IPv{version}"
        self.number, self.version, self.protocol = number, version, protocol
        self.device = f"t{number}"
        self.ends = (f"out-{pair}", f"in-{pair}")
        self.address = [f"10.0.{number}.{end}" if version == 4 else
                        f"fd00:{number}::{end}" for end in (1, 2)]

    def build(self):
        length = 24 if self.version == 4 else 64
        for netns, address in zip(self.ends, self.address):
            lines = [f"tuntap add {self.device} mode tun",
                     f"link set {self.device} addrgenmode none",
                     f"link set {self.device} mtu 2000 up",
                     f"addr add {address}/{length} dev {self.device}"
                     + " nodad" * (self.version == 6)]
            if self.protocol:
                lines += self._ipsec("out" if netns == self.ends[0] else "in")
            ipsec.run("ip", "-n", netns, "-b", "-",
                      text="\n".join(lines) + "\n")

    def _ipsec(self, direction):
        ends = "src {} dst {}".format(*self.address)
        proto, algorithm = TRANSFORMS[self.protocol]
        mode = f"mode tunnel reqid {self.number + 1}"
        align = " flag align4" * (proto == "ah" and self.version == 4)
        return (f"xfrm state add {ends} proto {proto} spi {self.number + 256} "
                f"{mode} replay-window 32{align} {algorithm}",
                f"xfrm policy add {ends} dir {direction} "
                f"tmpl {ends} proto {proto} {mode}")

    def start(self, size, rounds=ROUNDS, cpu=0):
        return subprocess.Popen(
            ("taskset", "-c", str(cpu), os.path.join(PROGRAMS, "packet"),
             *self.ends, self.device, *self.address, str(size), str(PACKETS),
             str(rounds)), stdout=subprocess.PIPE, text=True)


def prepare():
    """Once per guest, so that no worker of the kernel runs later. Later kernels
    have some of the ciphers built in, and no module."""
    subprocess.run(("modprobe", "-qa", *MODULES), check=False)


def build(lanes):
    pairs = dict.fromkeys(end for lane in lanes for end in lane.ends)
    ipsec.run("ip", "-b", "-", text="".join(f"netns add {end}\n"
                                            for end in pairs))
    for lane in lanes:
        lane.build()


def finish(process):
    """The cheapest round of each way: without a timer interrupt, and with buffers,
    which packet.c shifts at intervals, at the cheapest address."""
    text = process.communicate()[0]
    if process.returncode:
        raise OSError(f"packet: exit status {process.returncode}")
    rounds = [map(float, line.split()) for line in text.splitlines()]
    return tuple(map(min, zip(*rounds)))


def cost(lane, size):
    return finish(lane.start(size))


def module(loaded):
    there = os.path.exists("/sys/module/ipsecstat")
    if there and not loaded:
        ipsec.unload_module()
    elif loaded and not there:
        ipsec.load_module()

