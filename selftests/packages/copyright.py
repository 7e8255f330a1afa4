# SPDX-License-Identifier: GPL-2.0-only
"""debian/copyright gives each file the licence that its SPDX line names."""
import fnmatch
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
DEBIAN = {
    "GPL-2.0-only": "GPL-2",
    "LGPL-2.1-or-later": "LGPL-2.1+",
    "((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)":
        "GPL-2-with-syscall-note or BSD-3-clause",
}
SPDX = re.compile(r'SPDX-License-Identifier: (.*?)(?: -->| \*/|",)?$', re.M)


def paragraphs():
    """The fields of each paragraph, with their continuation lines."""
    text = (TOP / "debian/copyright").read_text()
    for paragraph in re.split(r"\n\n+", text.strip()):
        yield dict(re.findall(r"^(\S+):\s*((?:.*\n?)(?:^ .*\n?)*)", paragraph, re.M))


def main():
    """Print the files that differ."""
    files = [(p["Files"].split(), p["License"].split("\n")[0].strip())
             for p in paragraphs() if "Files" in p]
    texts = {p["License"].split("\n")[0] for p in paragraphs()
             if "License" in p and "Files" not in p}
    wrong = [f"no text of {name}" for _, licence in files
             for name in licence.split(" or ") if name not in texts]
    sources = subprocess.run([TOP / "selftests/sources"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout.split("\n")[:-1]
    for source in sources:
        head = b"".join((TOP / source).read_bytes().splitlines(True)[:5])
        spdx = SPDX.search(head.decode(errors="replace"))
        if not spdx:
            continue
        # The last matching paragraph applies.
        said = [licence for patterns, licence in files
                if any(fnmatch.fnmatchcase(source, p) for p in patterns)][-1]
        if said != DEBIAN.get(spdx[1]):
            wrong.append(f"{source}: {spdx[1]}, but in debian/copyright {said}")
    print("\n".join(wrong))
    return bool(wrong)


sys.exit(main())
